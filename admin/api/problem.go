package api

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"callplane/store"
)

// problem is an error with its HTTP status.
func problem(status int, detail string, errs ...*huma.ErrorDetail) *huma.ErrorModel {
	return &huma.ErrorModel{Title: http.StatusText(status), Status: status, Detail: detail, Errors: errs}
}

// field is an error about one field of the body; name is a path such as user.forwards.busy[0].
func field(name, message string) *huma.ErrorDetail {
	return &huma.ErrorDetail{Location: "body." + name, Message: message}
}

// invalid is the answer to a body whose fields are wrong.
func invalid(errs ...*huma.ErrorDetail) error {
	return problem(http.StatusUnprocessableEntity, "validation failed", errs...)
}

// tidied keeps what was sent, passwords and PINs among it, out of error documents, and lets a field that is missing be the
// place of its error like one that is wrong. It adds codes, and speaks the language of who asked.
func (rs *reasons) tidied(c huma.Context, _ string, v any) (any, error) {
	if e, ok := v.(*huma.ErrorModel); ok {
		for _, d := range e.Errors {
			d.Value = nil
			if rest, ok := strings.CutPrefix(d.Message, "expected required property "); ok {
				name, _, _ := strings.Cut(rest, " ")
				d.Location, d.Message = strings.TrimSuffix(d.Location, ".")+"."+name, "is required"
			}
		}
		return rs.problem(e, c.Header("Accept-Language")), nil
	}
	return v, nil
}

// answer turns an error of the store into what the client is told. columns translates
// names of columns into fields of the body; a name that is not there stays.
func (s *server) answer(ctx context.Context, err error, columns map[string]string) error {
	name := func(column string) string {
		if f, ok := columns[column]; ok {
			return f
		}
		return column
	}
	var (
		done     huma.StatusError
		notFound *store.NotFound
		conflict *store.Conflict
		wrong    *store.Invalid
		inUse    *store.InUse
		stale    *store.Stale
	)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &done):
		return err
	case errors.As(err, &notFound):
		return problem(http.StatusNotFound, notFound.Error())
	case errors.As(err, &conflict):
		return problem(http.StatusConflict, conflict.Error(), field(name(conflict.Field), "is already in use"))
	case errors.As(err, &wrong):
		return invalid(field(name(wrong.Field), wrong.Reason))
	case errors.As(err, &inUse):
		p := problem(http.StatusConflict, "can't be done: in use by "+strings.Join(inUse.By, ", "))
		for _, by := range inUse.By {
			p.Errors = append(p.Errors, &huma.ErrorDetail{Message: "in use by " + by})
		}
		return p
	case errors.As(err, &stale):
		return problem(http.StatusPreconditionFailed, stale.Error())
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		return problem(499, "the client went away")
	case errors.Is(err, context.DeadlineExceeded) || unavailable(err):
		s.log.Error("API: database can't be used", "err", err)
		return problem(http.StatusServiceUnavailable, "the database can't be used at the moment")
	}
	s.log.Error("API: request failed", "err", err)
	return problem(http.StatusInternalServerError, "something went wrong here; it is in the log")
}

// unavailable tells a database that is away from one that answered with an error.
func unavailable(err error) bool {
	var pg interface{ SQLState() string }
	if errors.As(err, &pg) {
		class := pg.SQLState()
		return strings.HasPrefix(class, "08") || strings.HasPrefix(class, "53") || strings.HasPrefix(class, "57P")
	}
	return strings.Contains(err.Error(), "failed to connect") || strings.Contains(err.Error(), "connection")
}
