package api

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"unicode"

	"github.com/danielgtaylor/huma/v2"

	"callplane/dialplan"
	"callplane/store"
)

// AccountPath is in the path of everything of an account.
type AccountPath struct {
	Account int64 `path:"account" minimum:"1" doc:"Id of the account."`
}

func (p AccountPath) id() dialplan.AccountID { return dialplan.AccountID(p.Account) }

func itoa[T ~int64](n T) string { return strconv.FormatInt(int64(n), 10) }

// Row is the answer with one row, whose revision is its ETag.
type Row[T any] struct {
	ETag     string `header:"ETag"`
	Location string `header:"Location" doc:"Path of a new row."`
	Body     T
}

func row[T any](revision int64, body T) *Row[T] {
	return &Row[T]{ETag: `"` + strconv.FormatInt(revision, 10) + `"`, Body: body}
}

func created[T any](revision int64, body T, path string, args ...any) *Row[T] {
	r := row(revision, body)
	r.Location = Prefix + fmt.Sprintf(path, args...)
	return r
}

// Match is the precondition of a change.
type Match struct {
	IfMatch string `header:"If-Match" maxLength:"100" doc:"ETag of the row as it was read; the change is refused (412) when it is another by now."`
}

// revision that must be current: that of If-Match; without one what was just read, so
// that nothing is overwritten that was not seen (and written to the audit log).
func (m Match) revision(read int64) (int64, error) {
	s := strings.TrimSpace(m.IfMatch)
	if s == "" || s == "*" {
		return read, nil
	}
	n, err := strconv.ParseInt(strings.Trim(strings.TrimPrefix(s, "W/"), `"`), 10, 64)
	if err != nil || n < 1 {
		return 0, problem(http.StatusPreconditionFailed, "If-Match is not an ETag of this row")
	}
	return n, nil
}

// text finds what does not belong in a name or a description.
func text(name, value string) []*huma.ErrorDetail {
	for _, r := range value {
		if unicode.IsControl(r) || r == unicode.ReplacementChar || r == '\u2028' || r == '\u2029' {
			return []*huma.ErrorDetail{field(name, "must not contain control characters or line breaks")}
		}
	}
	if strings.TrimSpace(value) != value {
		return []*huma.ErrorDetail{field(name, "must not begin or end with a space")}
	}
	return nil
}

// errorsOf hands field errors to huma's validation.
func errorsOf(details ...[]*huma.ErrorDetail) []error {
	var out []error
	for _, list := range details {
		for _, d := range list {
			out = append(out, d)
		}
	}
	return out
}

// destination reads a number as typed in a form.
func destination(a accountRules, s string) dialplan.Destination {
	if s == "" {
		return dialplan.Destination{}
	}
	if a.extensions[s] != "" {
		return dialplan.Destination{Extension: s}
	}
	return (&dialplan.Account{ExtensionLength: a.extensionLength, Country: a.country}).ParseDestination(s)
}

// shown is a destination as it was typed; none: empty.
func shown(d dialplan.Destination) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
}

// accountRules are what other rows of an account are checked against.
type accountRules struct {
	extensionLength int
	country         dialplan.Country
	extensions      map[string]dialplan.Kind // number → kind, of those that were asked about
}

// unknown tells an extension that the account does not have.
func (a accountRules) unknown(name string, d dialplan.Destination) []*huma.ErrorDetail {
	if d.Extension == "" || a.extensions[d.Extension] != "" {
		return nil
	}
	return []*huma.ErrorDetail{field(name, "extension "+d.Extension+" does not exist")}
}

// op begins the description of an operation.
func op(id, method, path, tag, summary string) huma.Operation {
	o := huma.Operation{OperationID: id, Method: method, Path: path, Tags: []string{tag}, Summary: summary}
	switch method {
	case http.MethodPost:
		o.DefaultStatus = http.StatusCreated
		o.Errors = []int{http.StatusConflict, http.StatusUnprocessableEntity}
	case http.MethodPut:
		o.Errors = []int{http.StatusConflict, http.StatusPreconditionFailed, http.StatusUnprocessableEntity}
	case http.MethodDelete:
		o.DefaultStatus = http.StatusNoContent
		o.Errors = []int{http.StatusConflict, http.StatusPreconditionFailed}
	}
	return o
}

// Empty is the answer of a deletion.
type Empty struct{}

// current checks the precondition where the store does not.
func current(entity string, m Match, id, revision int64) error {
	want, err := m.revision(revision)
	if err == nil && want != revision {
		err = &store.Stale{Entity: entity, Key: itoa(id), Current: revision}
	}
	return err
}

func isNotFound(err error) bool {
	var none *store.NotFound
	return errors.As(err, &none)
}
