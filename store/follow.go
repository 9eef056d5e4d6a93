package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"callplane/dialplan"
)

// FollowOptions of a Follower. Zero fields have the values given.
type FollowOptions struct {
	// Recheck is how often the versions of all accounts are compared, which finds
	// what a lost notification would have told; 30 s.
	Recheck time.Duration
	// Cache is a local file that keeps the configuration for a start while the database
	// is away; empty: none.
	Cache string
	Log   *slog.Logger // slog.Default
}

// Follower keeps a Directory equal to the database.
type Follower struct {
	db    *DB
	dir   *Directory
	o     FollowOptions
	cache *cache // nil: none
	ready chan struct{}

	// Of Run only: versions by which accounts and trunks were last read, well or not.
	known  map[dialplan.AccountID]int64
	trunks int64

	mu     sync.Mutex
	status FollowStatus
	// marks are notifications that CaughtUp waits for.
	marks map[string]chan struct{}
}

// FollowStatus says how current a directory is.
type FollowStatus struct {
	// Connected: notifications arrive, and the directory is as the database.
	Connected bool
	// Synced is when all versions were last compared; zero: never.
	Synced time.Time
	// FromCache: the database was away since the start; what is there was kept from before.
	FromCache bool
	// Broken accounts, whose configuration can't be built, and why. Their older snapshot
	// stays, if there is one.
	Broken map[dialplan.AccountID]string
}

// NewFollower makes a follower; Run does the work.
func NewFollower(db *DB, dir *Directory, o FollowOptions) *Follower {
	if o.Recheck <= 0 {
		o.Recheck = 30 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	f := &Follower{db: db, dir: dir, o: o, ready: make(chan struct{}), known: make(map[dialplan.AccountID]int64),
		marks: make(map[string]chan struct{})}
	f.status.Broken = make(map[dialplan.AccountID]string)
	if o.Cache != "" {
		f.cache = newCache(o.Cache, dir, o.Log)
	}
	return f
}

// Ready is closed as soon as the directory holds a configuration: the database's, or, while
// that is away, the one kept from before.
func (f *Follower) Ready() <-chan struct{} { return f.ready }

// Status says how current the directory is now.
func (f *Follower) Status() FollowStatus {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.status
	s.Broken = maps.Clone(s.Broken)
	return s
}

// markPrefix begins notifications that are about nothing: they come after what was committed before.
const markPrefix = "mark:"

// CaughtUp waits until the directory has all that was committed before. While the database is away, or when ctx ends, it returns an error.
func (f *Follower) CaughtUp(ctx context.Context) error {
	mark, seen := markPrefix+uuid.NewString(), make(chan struct{})
	f.mu.Lock()
	connected := f.status.Connected
	f.marks[mark] = seen
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.marks, mark)
	}()
	if !connected {
		return errors.New("wait for the configuration: the database is away")
	}
	if err := f.db.notify(ctx, mark); err != nil {
		return err
	}
	select {
	case <-seen:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for the configuration: %w", ctx.Err())
	}
}

func (f *Follower) passed(marks []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, m := range marks {
		if seen := f.marks[m]; seen != nil { // else another controller waits for it
			close(seen)
			delete(f.marks, m)
		}
	}
}

// notify sends a notification to all followers, after those of all that was committed before.
func (db *DB) notify(ctx context.Context, note string) error {
	err := pgx.BeginFunc(ctx, db.pool, func(tx pgx.Tx) error {
		// There is nothing that a disk would have to keep.
		if _, err := tx.Exec(ctx, "SET LOCAL synchronous_commit TO off"); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "SELECT pg_notify('callplane_account', $1)", note)
		return err
	})
	if err != nil {
		return fmt.Errorf("notify: %w", err)
	}
	return nil
}

func (f *Follower) update(change func(*FollowStatus)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.status)
}

// Run loads everything and follows changes until ctx ends; then it returns nil, after the
// local file was written. While the database is away the directory keeps what it has.
// It is called once.
func (f *Follower) Run(ctx context.Context) error {
	if f.cache != nil {
		cancel := f.dir.Subscribe(f.cache.changed)
		defer cancel()
		var writer sync.WaitGroup
		writer.Go(func() { f.cache.run(ctx) })
		defer writer.Wait()
	}
	const first, most = 100 * time.Millisecond, 5 * time.Second
	wait, away, tried := first, false, false
	for {
		connected, err := f.session(ctx)
		f.update(func(s *FollowStatus) { s.Connected = false })
		if ctx.Err() != nil {
			return nil
		}
		if connected {
			wait, away = first, false
		}
		if !away {
			f.o.Log.Error("the database is away: configuration stays as it is", "err", err)
			away = true
		}
		if !f.isReady() && f.cache != nil && !tried {
			f.fromCache()
			tried = true // nobody else writes the file
		}
		// Jitter: controllers that lost the same database do not return all at once.
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait/2 + rand.N(wait)):
		}
		wait = min(2*wait, most)
	}
}

func (f *Follower) isReady() bool {
	select {
	case <-f.ready:
		return true
	default:
		return false
	}
}

func (f *Follower) fromCache() {
	if err := readCache(f.o.Cache, f.dir, &f.db.zones, f.o.Log); err != nil {
		f.o.Log.Error("start without configuration: none was kept from before", "err", err)
		return
	}
	f.o.Log.Warn("start with the configuration kept from before", "file", f.o.Cache, "accounts", f.dir.Len())
	f.update(func(s *FollowStatus) { s.FromCache = true })
	close(f.ready)
}

// session connects, listens, brings the directory up to date and follows until something
// fails; connected tells that it got as far as following.
func (f *Follower) session(ctx context.Context) (connected bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cfg := f.db.pool.Config().ConnConfig
	dial, stop := context.WithTimeout(ctx, 5*time.Second)
	defer stop()
	conn, err := pgx.ConnectConfig(dial, cfg)
	if err != nil {
		return false, fmt.Errorf("connect for notifications: %w", err)
	}
	defer func() {
		bye, stop := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer stop()
		_ = conn.Close(bye)
	}()
	if err := becomeApp(dial, conn); err != nil {
		return false, err
	}
	// Listen first, look then: nothing can fall in between.
	if _, err := conn.Exec(dial, "LISTEN callplane_account"); err != nil {
		return false, fmt.Errorf("listen for notifications: %w", err)
	}
	if err := f.sync(ctx); err != nil {
		return false, err
	}
	f.update(func(s *FollowStatus) { s.Connected, s.FromCache = true, false })
	if f.cache != nil {
		f.cache.fill()
	}
	if !f.isReady() {
		close(f.ready)
	}
	notes := make(chan string, 1024)
	failed := make(chan error, 1)
	var reader sync.WaitGroup
	defer reader.Wait()
	defer cancel()
	reader.Go(func() {
		for {
			n, err := conn.WaitForNotification(ctx)
			if err != nil {
				failed <- fmt.Errorf("wait for notifications: %w", err)
				return
			}
			select {
			case notes <- n.Payload:
			case <-ctx.Done():
				failed <- ctx.Err()
				return
			}
		}
	})
	recheck := time.NewTicker(f.o.Recheck)
	defer recheck.Stop()
	for {
		select {
		case err := <-failed:
			return true, err
		case <-recheck.C:
			if err := f.sync(ctx); err != nil {
				return true, err
			}
		case note := <-notes:
			if err := f.noted(ctx, note, notes); err != nil {
				return true, err
			}
		}
	}
}

// noted reads what a notification, and those that wait behind it, name.
func (f *Follower) noted(ctx context.Context, note string, more <-chan string) error {
	ids, trunks := make(map[dialplan.AccountID]bool), false
	var marks []string
	for {
		id, version, ok := parseNote(note)
		switch {
		case note == "trunks":
			trunks = true
		case strings.HasPrefix(note, markPrefix):
			marks = append(marks, note)
		case !ok:
			f.o.Log.Warn("notification is not understood", "payload", note)
		case version == 0 || f.known[id] != version:
			ids[id] = true
		}
		select {
		case note = <-more:
			continue
		default:
		}
		break
	}
	if trunks {
		if err := f.loadTrunks(ctx); err != nil {
			return err
		}
	}
	if err := f.load(ctx, ids); err != nil {
		return err
	}
	f.passed(marks)
	return nil
}

// parseNote reads "id:version".
func parseNote(s string) (dialplan.AccountID, int64, bool) {
	a, b, ok := strings.Cut(s, ":")
	id, err1 := strconv.ParseInt(a, 10, 64)
	version, err2 := strconv.ParseInt(b, 10, 64)
	return dialplan.AccountID(id), version, ok && err1 == nil && err2 == nil
}

// sync compares all versions and reads what differs.
func (f *Follower) sync(ctx context.Context) error {
	// Bounded: a server that is cut off does not answer, and does not say so either.
	bounded, stop := context.WithTimeout(ctx, 10*time.Second)
	accounts, trunks, err := f.db.Versions(bounded)
	stop()
	if err != nil {
		return err
	}
	if trunks != f.trunks {
		if err := f.loadTrunks(ctx); err != nil {
			return err
		}
	}
	ids := make(map[dialplan.AccountID]bool)
	for id, version := range accounts {
		if f.known[id] != version {
			ids[id] = true
		}
	}
	for a := range f.dir.All() {
		if _, ok := accounts[a.ID]; !ok {
			ids[a.ID] = true
		}
	}
	if err := f.load(ctx, ids); err != nil {
		return err
	}
	f.update(func(s *FollowStatus) { s.Synced = time.Now() })
	return nil
}

// load reads accounts and replaces them in the directory; one that is not there is removed.
func (f *Follower) load(ctx context.Context, ids map[dialplan.AccountID]bool) error {
	if len(ids) == 0 {
		return nil
	}
	list := make([]dialplan.AccountID, 0, len(ids))
	for id := range ids {
		list = append(list, id)
	}
	err := f.db.LoadAccounts(ctx, list, func(l Loaded) error {
		delete(ids, l.ID)
		f.known[l.ID] = l.Version
		if l.Err != nil {
			f.o.Log.Error("configuration of an account is broken: the older one stays", "account", l.ID, "version", l.Version, "err", l.Err)
			f.update(func(s *FollowStatus) { s.Broken[l.ID] = l.Err.Error() })
			return nil
		}
		f.update(func(s *FollowStatus) { delete(s.Broken, l.ID) })
		f.dir.Put(l.Account)
		return nil
	})
	if err != nil {
		return fmt.Errorf("load changed accounts: %w", err)
	}
	for id := range ids {
		delete(f.known, id)
		f.update(func(s *FollowStatus) { delete(s.Broken, id) })
		f.dir.Remove(id)
	}
	return nil
}

func (f *Follower) loadTrunks(ctx context.Context) error {
	trunks, version, err := f.db.LoadTrunks(ctx)
	if err != nil {
		return fmt.Errorf("load changed trunks: %w", err)
	}
	f.trunks = version
	f.dir.SetTrunks(trunks)
	return nil
}
