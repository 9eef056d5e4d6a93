package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"time"

	"callplane/admin/api"
)

// portalRate is what the API is asked for, requests/s.
const portalRate = 200

// portalOp is an operation of the mix.
type portalOp struct {
	name     string
	weight   int
	operator bool // asked with the operator's token, not with the account's
	path     func(r *rand.Rand, account int) string
}

// portalOps is what people and programs read, in about the proportions of a portal in use. Account is a random one of n;
// the big account is n+1. The pages of the long lists are what follows each cursor of theirs; half of the time it is the first one.
func portalOps(n int, extensions, accounts []string) []portalOp {
	some := func(r *rand.Rand, cursors []string) string {
		if len(cursors) == 0 || r.IntN(2) == 0 {
			return ""
		}
		return "&cursor=" + cursors[r.IntN(len(cursors))]
	}
	of := func(account int, rest string) string { return fmt.Sprintf("/accounts/%d%s", account, rest) }
	return []portalOp{
		{"list extensions, 50 of 50", 4, false, func(_ *rand.Rand, a int) string { return of(a, "/extensions?limit=50") }},
		{"list extensions, any 50 of 10,000", 2, true, func(r *rand.Rand, _ int) string { return of(n+1, "/extensions?limit=50") + some(r, extensions) }},
		{"get extension", 4, false, func(r *rand.Rand, a int) string {
			return of(a, fmt.Sprintf("/extensions/%d", 1001+r.IntN(portalUsers)))
		}},
		{"get account", 3, false, func(_ *rand.Rand, a int) string { return of(a, "") }},
		{"list calls", 3, false, func(_ *rand.Rand, a int) string { return of(a, "/calls?limit=50") }},
		{"search in the account", 1, false, func(r *rand.Rand, _ int) string { return fmt.Sprintf("/search?q=ser+%d", r.IntN(portalUsers)) }},
		{"search accounts and numbers", 1, true, func(r *rand.Rand, a int) string {
			if r.IntN(2) == 0 {
				return "/search?q=" + url.QueryEscape(fmt.Sprintf("company %04d", a/10))
			}
			return fmt.Sprintf("/search?q=%d", 31301000000+a*10)
		}},
		{"list accounts, any 50 of all", 2, true, func(r *rand.Rand, _ int) string { return "/accounts?limit=50" + some(r, accounts) }},
	}
}

// cursors walks through a list and gives the cursors of its pages but the first.
func cursors(ctx context.Context, list, token string) ([]string, error) {
	var all []string
	for cursor := ""; ; all = append(all, cursor) {
		body, err := get(ctx, http.DefaultClient, list+"&cursor="+cursor, token)
		if err != nil {
			return nil, fmt.Errorf("walk through %s: %w", list, err)
		}
		var page struct{ Next string }
		if err := json.Unmarshal(body, &page); err != nil {
			return nil, fmt.Errorf("walk through %s: %w", list, err)
		}
		if cursor = page.Next; cursor == "" {
			return all, nil
		}
	}
}

// portalLoad is what came of asking.
type portalLoad struct {
	ops    []portalOp
	times  map[string]sample // by operation, from when it was due to the last byte of the answer
	failed map[string]int
	first  error // that failed
	ours   time.Duration
	took   time.Duration
	late   time.Duration // most that a request was sent after it was due
}

// askPortal asks at portalRate for d, whether answers come or not. Random accounts of 1 to n.
func askPortal(ctx context.Context, base, operator string, n int, ops []portalOp, d time.Duration) *portalLoad {
	var draw []portalOp
	for _, op := range ops {
		for range op.weight {
			draw = append(draw, op)
		}
	}
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // any will do
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: portalRate}}
	defer client.CloseIdleConnections()
	l := &portalLoad{ops: ops, times: map[string]sample{}, failed: map[string]int{}}
	var mu sync.Mutex
	var wg sync.WaitGroup
	ours, began := ourCPU(), time.Now()
	for i := range int(portalRate * d.Seconds()) {
		due := began.Add(time.Duration(i) * time.Second / portalRate)
		select {
		case <-time.After(time.Until(due)):
		case <-ctx.Done():
			wg.Wait()
			return l
		}
		op, account := draw[r.IntN(len(draw))], 1+r.IntN(n)
		token := portalToken(account)
		if op.operator {
			token = operator
		}
		path := base + api.Prefix + op.path(r, account)
		l.late = max(l.late, time.Since(due))
		wg.Go(func() {
			_, err := get(ctx, client, path, token)
			took := time.Since(due)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				l.failed[op.name]++
				if l.first == nil {
					l.first = fmt.Errorf("%s: %w", op.name, err)
				}
				return
			}
			l.times[op.name] = append(l.times[op.name], took)
		})
	}
	wg.Wait()
	l.took, l.ours = time.Since(began), ourCPU()-ours
	return l
}

func get(ctx context.Context, client *http.Client, url, token string) (body []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }() // read to its end
	body, err = io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %.200s", resp.Status, body)
	}
	return body, err
}

// print shows each operation, and all of them.
func (l *portalLoad) print(n int) {
	t := newTable(fmt.Sprintf("API: %d requests/s for %v, whether answers come or not; %d accounts of %d extensions and %d calls, and one of %d extensions; each account asks with its own token. From when a request "+
		"is due to the last byte of its answer (ms)", portalRate, l.took.Round(time.Second), n, portalUsers, portalCalls, portalBig),
		"operation", "requests", "p50", "p99", "longest", "failed")
	row := func(name string, s sample, failed int) {
		s.sort()
		t.add(name, fmt.Sprint(len(s)+failed), ms(s.at(50)), ms(s.at(99)), ms(s.at(100)), fmt.Sprint(failed))
	}
	var all sample
	failed := 0
	for _, op := range l.ops {
		row(op.name, l.times[op.name], l.failed[op.name])
		all = append(all, l.times[op.name]...)
		failed += l.failed[op.name]
	}
	row("all", all, failed)
	t.print()
	fmt.Printf("\nCPU of the process, server and asker: %.0f %% of a core. A request was sent at most %s ms late. Load of the last minute %s.\n",
		100*l.ours.Seconds()/l.took.Seconds(), ms(l.late), loadAverage())
	if l.first != nil {
		fmt.Printf("# %.300s\n", l.first)
	}
}
