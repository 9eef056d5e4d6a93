package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"callplane/admin/api"
	"callplane/admin/ui"
	"callplane/store"
	"callplane/store/pgtest"
)

// portal measures the API under a steady load, and the list of many extensions in a browser. The server is in this
// process, with a PostgreSQL of its own that waits for the disk; there are no engines and no calls.
func portal(ctx context.Context, o options) (err error) {
	n, d := 10_000, 15*time.Second
	if o.short {
		n, d = 1_000, 5*time.Second
	}
	pg, err := pgtest.Start(ctx, pgtest.Options{Durable: true})
	if err != nil {
		return err
	}
	defer func() { _ = pg.Stop() }() // it ends with this process anyway
	if err := store.Migrate(ctx, pg.DSN(""), slog.New(slog.DiscardHandler)); err != nil {
		return err
	}
	// As many connections as the configuration has by default.
	db, err := store.Open(ctx, pg.DSN(""), func(c *pgxpool.Config) { c.MaxConns, c.MinConns = 10, 2 })
	if err != nil {
		return err
	}
	defer db.Close()
	began := time.Now()
	operator, err := seedPortal(ctx, pg.DSN(""), db, n)
	if err != nil {
		return fmt.Errorf("fill the database: %w", err)
	}
	fmt.Printf("\n# portal: %d accounts made in %v\n", n+1, time.Since(began).Round(time.Second))
	base, stop, err := servePortal(db)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	extensions, err := cursors(ctx, fmt.Sprintf("%s%s/accounts/%d/extensions?limit=50", base, api.Prefix, n+1), operator)
	if err != nil {
		return err
	}
	accounts, err := cursors(ctx, base+api.Prefix+"/accounts?limit=50", operator)
	if err != nil {
		return err
	}
	ops := portalOps(n, extensions, accounts)
	askPortal(ctx, base, operator, n, ops, time.Second) // opens connections
	askPortal(ctx, base, operator, n, ops, d).print(n)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return firstRows(ctx, o, base, n+1)
}

// servePortal serves API and portal as the controller does, for tokens that may ask more than is usual.
func servePortal(db *store.DB) (base string, stop func() error, err error) {
	mux := http.NewServeMux()
	mux.Handle(api.Prefix+"/", api.New(api.Config{DB: db, Log: slog.New(slog.DiscardHandler), RateLimit: 2 * portalRate}))
	mux.Handle("/", ui.Handler())
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("listen: %w", err)
	}
	s := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	return "http://" + l.Addr().String(), func() error {
		err := s.Close()
		if failed := <-ended; !errors.Is(failed, http.ErrServerClosed) {
			err = errors.Join(err, failed)
		}
		return err
	}, nil
}
