package api

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"callplane/store"
)

// PageQuery asks for a page of a list.
type PageQuery struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"Rows of a page."`
	Cursor string `query:"cursor" maxLength:"200" doc:"next of the page before."`
}

// Page is one page of a list.
type Page[T any] struct {
	Items []T    `json:"items"`
	Total int    `json:"total" doc:"Rows of all pages, as counted for the first one."`
	Next  string `json:"next,omitempty" doc:"cursor of the next page; not there: this is the last one."`
}

// PageOutput is the answer with a page.
type PageOutput[T any] struct{ Body Page[T] }

// Feed is one page of a list that is not counted.
type Feed[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty" doc:"cursor of the next page; not there: this is the last one."`
}

func badCursor() error {
	return problem(http.StatusUnprocessableEntity, "validation failed",
		&huma.ErrorDetail{Location: "query.cursor", Message: "must be next of an earlier page"})
}

// page is what is asked for of a list that goes on at an offset.
func (q PageQuery) page() (store.Page, error) {
	offset := 0
	if q.Cursor != "" {
		n, err := strconv.Atoi(q.Cursor)
		if err != nil || n < 0 || n > 1<<30 {
			return store.Page{}, badCursor()
		}
		offset = n
	}
	return store.Page{Limit: q.Limit, Offset: offset}, nil
}

// answerPage makes the answer of rows of such a list.
func answerPage[R, T any](rows []R, total int, p store.Page, item func(*R) T) *PageOutput[T] {
	out := &PageOutput[T]{Body: Page[T]{Items: show(rows, item), Total: total}}
	if next := p.Offset + len(rows); len(rows) > 0 && next < total {
		out.Body.Next = strconv.Itoa(next)
	}
	return out
}

// keyed is what is asked for of a list that goes on after a key. Its cursor has the total, which is counted for the first page only.
// One row more than the page has is asked for, which tells whether it is the last one. An id is a key of digits.
func (q PageQuery) keyed(id bool) (store.Page, error) {
	p := store.Page{Limit: q.Limit + 1}
	if q.Cursor == "" {
		return p, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(q.Cursor)
	total, key, _ := strings.Cut(string(text), " ")
	n, err2 := strconv.Atoi(total)
	if err != nil || err2 != nil || n < 0 || key == "" || !utf8.ValidString(key) || strings.ContainsFunc(key, unicode.IsControl) {
		return p, badCursor()
	}
	if _, err := strconv.ParseInt(key, 10, 64); err != nil && id {
		return p, badCursor()
	}
	p.After, p.Total = key, n
	return p, nil
}

// answerKeyed makes the answer of rows of such a list.
func answerKeyed[R, T any](rows []R, total int, p store.Page, key func(*R) string, item func(*R) T) *PageOutput[T] {
	f := feed(rows, p.Limit-1, func(r *R) string { return cursorOf(strconv.Itoa(total), key(r)) }, item)
	return &PageOutput[T]{Body: Page[T]{Items: f.Items, Total: total, Next: f.Next}}
}

// feed is a page of rows, of which one more than limit was asked for; cursor is where the list goes on after a row.
func feed[R, T any](rows []R, limit int, cursor func(*R) string, item func(*R) T) Feed[T] {
	next := ""
	if len(rows) > limit {
		rows = rows[:limit]
		next = cursor(&rows[limit-1])
	}
	return Feed[T]{Items: show(rows, item), Next: next}
}

func show[R, T any](rows []R, item func(*R) T) []T {
	out := make([]T, 0, len(rows))
	for i := range rows {
		out = append(out, item(&rows[i]))
	}
	return out
}

func cursorOf(parts ...string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strings.Join(parts, " ")))
}

// placeOf is a place in a list by time.
func placeOf(c store.CallCursor) string {
	return cursorOf(c.Started.Format(time.RFC3339Nano), c.ID.String())
}

// place is where a list by time goes on; zero: at its head.
func (q PageQuery) place() (c store.CallCursor, err error) {
	if q.Cursor == "" {
		return c, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(q.Cursor)
	at, id, _ := strings.Cut(string(text), " ")
	var err2, err3 error
	c.Started, err2 = time.Parse(time.RFC3339Nano, at)
	c.ID, err3 = uuid.Parse(id)
	if err != nil || err2 != nil || err3 != nil || c.Started.Year() < 1 || c.Started.Year() > 9999 {
		return c, badCursor()
	}
	return c, nil
}

// row is the id of the row after which a list by id goes on; 0: at its head.
func (q PageQuery) row() (int64, error) {
	if q.Cursor == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(q.Cursor, 10, 64)
	if err != nil || n < 1 {
		return 0, badCursor()
	}
	return n, nil
}
