package store

import (
	"context"
	"strconv"

	"github.com/jackc/pgx/v5"
)

// Page selects a part of a list. Limit 0 is 100; more than 1000 is 1000. Lists that may be long go on after a key: an offset is
// counted through row by row.
type Page struct {
	Limit, Offset int
	// After is the key of the last row of the page before, in lists by key; empty: from the first row.
	After string
	// Total of the list, as it was counted for a page before; 0: it is not known.
	Total int
}

func (p Page) bounds() (limit, offset int) {
	limit = p.Limit
	if limit <= 0 {
		limit = 100
	}
	return min(limit, 1000), max(p.Offset, 0)
}

// conditions are a WHERE that grows, with its arguments.
type conditions struct {
	sql  string
	args []any
}

// arg adds an argument and is its place.
func (c *conditions) arg(v any) string {
	c.args = append(c.args, v)
	return "$" + strconv.Itoa(len(c.args))
}

// keyed is a list in the order of a key, which no two of its rows have.
type keyed[T any] struct {
	what string // the rows are
	// rows and count are queries without conditions.
	rows, count string
	where       conditions
	key         string // column
	down        bool   // the highest key first
	scan        func(pgx.Rows, *T) error
}

// page reads a page, and tells how many rows the list has in all.
func (l *keyed[T]) page(ctx context.Context, tx *Tx, p Page) ([]T, int, error) {
	p.Offset = 0
	limit, _ := p.bounds()
	w, direction, beyond := conditions{l.where.sql, l.where.args[:len(l.where.args):len(l.where.args)]}, ``, ` > `
	if l.down {
		direction, beyond = ` DESC`, ` < `
	}
	if p.After != "" {
		w.sql += ` AND ` + l.key + beyond + w.arg(p.After)
	}
	w.sql += ` ORDER BY ` + l.key + direction + ` LIMIT ` + w.arg(limit)
	rows, err := tx.tx.Query(ctx, l.rows+w.sql, w.args...)
	list, err := collect(rows, err, l.what, l.scan)
	if err != nil {
		return nil, 0, err
	}
	total, err := tx.total(ctx, p, len(list), l.what, l.count+l.where.sql, l.where.args...)
	return list, total, err
}

// total is how many rows a list has of which a page has been read. count is a query that counts them, for when the page does not tell.
func (tx *Tx) total(ctx context.Context, p Page, read int, what, count string, args ...any) (n int, err error) {
	limit, offset := p.bounds()
	switch {
	case p.Total > 0:
		return p.Total, nil
	case p.After == "" && read < limit && (read > 0 || offset == 0): // it was the last page
		return offset + read, nil
	}
	err = tx.tx.QueryRow(ctx, count, args...).Scan(&n)
	return n, mapError("count "+what, err)
}
