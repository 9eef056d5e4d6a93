package api

import (
	"context"
	"net/http"
	"time"
)

// appliedTime is how long the answer to a change waits for the change to act.
const appliedTime = time.Second

// applied answers a change when calls are decided by it: who is told that a number leads somewhere may call it. When that takes too
// long, because the database or the controller is busy, the answer is given all the same.
func (s *server) applied(next http.Handler) http.Handler {
	if s.cfg.Applied == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w = &late{ResponseWriter: w, wait: func() {
				ctx, cancel := context.WithTimeout(r.Context(), appliedTime)
				defer cancel()
				if err := s.cfg.Applied(ctx); err != nil {
					s.log.Warn("a change is answered before it acts", "method", r.Method, "path", r.URL.Path, "error", err)
				}
			}}
		}
		next.ServeHTTP(w, r)
	})
}

// late waits before it says that all went well.
type late struct {
	http.ResponseWriter
	wait  func()
	begun bool
}

// WriteHeader implements http.ResponseWriter.
func (l *late) WriteHeader(status int) {
	if !l.begun && status >= 200 {
		l.begun = true
		if status < 300 {
			l.wait()
		}
	}
	l.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (l *late) Write(b []byte) (int, error) {
	if !l.begun {
		l.WriteHeader(http.StatusOK)
	}
	return l.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (l *late) Unwrap() http.ResponseWriter { return l.ResponseWriter }
