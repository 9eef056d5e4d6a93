package api

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"
)

// checkTime is how long one check of Health may take.
const checkTime = 2 * time.Second

// Health answers 200 when every check passes, else 503; either way with a line for each
// check. Without checks it says that the process answers (/healthz); with those of what is
// needed to take calls it is /readyz.
func Health(checks map[string]func(context.Context) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), checkTime)
		defer cancel()
		var (
			mu     sync.Mutex
			wg     sync.WaitGroup
			status = http.StatusOK
			out    = map[string]string{}
		)
		for name, check := range checks {
			wg.Go(func() {
				text := "ok"
				err := check(ctx)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					text, status = err.Error(), http.StatusServiceUnavailable
				}
				out[name] = text
			})
		}
		wg.Wait()
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(status)
		text := "ok"
		if status != http.StatusOK {
			text = "unavailable"
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"status": text, "checks": out}) // the client went away
	})
}
