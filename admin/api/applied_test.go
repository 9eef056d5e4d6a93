package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestChangesAreAnsweredWhenTheyAct(t *testing.T) {
	for _, x := range []struct {
		method string
		status int
		waits  bool
	}{
		{"GET", 200, false}, {"HEAD", 200, false}, {"POST", 201, true}, {"PUT", 200, true}, {"PATCH", 0, true}, {"DELETE", 204, true},
		{"POST", 422, false}, {"DELETE", 404, false}, {"PUT", 500, false},
	} {
		rec := httptest.NewRecorder()
		var did []string
		s := &server{log: slog.New(slog.DiscardHandler), cfg: Config{Applied: func(context.Context) error {
			if rec.Body.Len() > 0 {
				t.Errorf("%s: answered before", x.method)
			}
			did = append(did, "waits")
			return nil
		}}}
		h := s.applied(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			did = append(did, "writes")
			if x.status > 0 {
				w.WriteHeader(x.status)
			}
			_, _ = w.Write([]byte("answer"))
			_, _ = w.Write([]byte("s"))
		}))
		h.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), x.method, "/", nil))
		want := []string{"writes"}
		if x.waits {
			want = append(want, "waits")
		}
		if !slices.Equal(did, want) || rec.Code != max(x.status, 200) || rec.Body.String() != "answers" {
			t.Errorf("%s: %v, %d %s", x.method, did, rec.Code, rec.Body)
		}
	}
}

func TestAChangeThatDoesNotActIsAnsweredAllTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{log: slog.New(slog.DiscardHandler), cfg: Config{Applied: func(ctx context.Context) error {
			<-ctx.Done()
			return errors.New("busy")
		}}}
		began, rec := time.Now(), httptest.NewRecorder()
		s.applied(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })).
			ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), "PUT", "/", nil))
		if rec.Code != http.StatusNoContent || time.Since(began) != appliedTime {
			t.Errorf("%d after %v", rec.Code, time.Since(began))
		}
	})
}
