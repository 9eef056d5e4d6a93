package conformance

import (
	"log/slog"
	"os"
	"strings"
	"sync"
)

// driverLog has the last warnings of drivers, for the report of a case that fails. With CONFORMANCE_DEBUG set, all that drivers log is shown as well.
type driverLog struct {
	mu    sync.Mutex
	lines []string
}

const driverLines = 15

func (d *driverLog) logger() *slog.Logger {
	if os.Getenv("CONFORMANCE_DEBUG") != "" {
		return slog.New(slog.NewMultiHandler(slog.NewTextHandler(d, &slog.HandlerOptions{Level: slog.LevelWarn}),
			slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug})))
	}
	return slog.New(slog.NewTextHandler(d, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// Write takes one record, as slog's handlers write them.
func (d *driverLog) Write(record []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines[max(0, len(d.lines)+1-driverLines):], strings.TrimSpace(string(record)))
	return len(record), nil
}

func (d *driverLog) String() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Join(d.lines, "\n")
}
