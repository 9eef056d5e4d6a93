package store

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"callplane/dialplan"
)

// cache keeps the last known configuration in a local file, so that a controller can start
// while the database is away (OPS-04). The file is a log of frames: changed accounts are
// appended, the last word on an account counts, and it is written anew when most of
// it is outdated. It holds passwords: it is for its owner only.
type cache struct {
	path string
	dir  *Directory
	log  *slog.Logger

	mu     sync.Mutex
	dirty  map[dialplan.AccountID]bool
	trunks bool
	wake   chan struct{}
	filled bool // the directory is equal to a database: the file may be replaced

	// Of run only.
	file    *os.File
	size    int64
	compact int64 // size at which the file is written anew
	failing bool
}

// cacheDelay gathers changes that come together into one write.
const cacheDelay = time.Second

func newCache(path string, dir *Directory, log *slog.Logger) *cache {
	return &cache{path: path, dir: dir, log: log, dirty: make(map[dialplan.AccountID]bool), wake: make(chan struct{}, 1)}
}

// changed notes what to write; a subscriber of the directory.
func (c *cache) changed(ch Change) {
	c.mu.Lock()
	if ch.Account == 0 {
		c.trunks = true
	} else {
		c.dirty[ch.Account] = true
	}
	c.mu.Unlock()
	c.signal()
}

// fill allows the file to be replaced: the directory holds all there is.
func (c *cache) fill() {
	c.mu.Lock()
	c.filled = true
	c.mu.Unlock()
	c.signal()
}

func (c *cache) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// run writes until ctx ends, and a last time then.
func (c *cache) run(ctx context.Context) {
	defer func() {
		if c.file != nil {
			_ = c.file.Close()
		}
	}()
	for {
		select {
		case <-ctx.Done():
			c.write()
			return
		case <-c.wake:
		}
		select {
		case <-ctx.Done():
		case <-time.After(cacheDelay):
		}
		c.write()
	}
}

func (c *cache) write() {
	c.mu.Lock()
	dirty, trunks, filled := c.dirty, c.trunks, c.filled
	if !filled || len(dirty) == 0 && !trunks && c.file != nil {
		c.mu.Unlock()
		return
	}
	c.dirty, c.trunks = make(map[dialplan.AccountID]bool), false
	c.mu.Unlock()
	var err error
	if c.file == nil || c.size > c.compact {
		err = c.rewrite()
	} else {
		err = c.append(dirty, trunks)
	}
	if err != nil {
		// The next change starts with a whole new file.
		if c.file != nil {
			_ = c.file.Close()
			c.file = nil
		}
		if !c.failing {
			c.log.Error("keep the configuration in a local file", "file", c.path, "err", err)
		}
	}
	c.failing = err != nil
}

// rewrite puts all of the directory into a new file that takes the place of the old one.
func (c *cache) rewrite() (err error) {
	if c.file != nil {
		_ = c.file.Close()
		c.file = nil
	}
	if err := os.MkdirAll(filepath.Dir(c.path), 0o700); err != nil {
		return fmt.Errorf("make directory: %w", err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(c.path), filepath.Base(c.path)+".new-") // mode 0600
	if err != nil {
		return fmt.Errorf("make new file: %w", err)
	}
	defer func() {
		if err != nil {
			_ = tmp.Close()
			_ = os.Remove(tmp.Name())
		}
	}()
	w := cacheWriter{out: tmp}
	w.put(cacheEntry{Format: cacheFormat})
	w.put(cacheEntry{Trunks: c.dir.Trunks(), SetTrunks: true})
	for a := range c.dir.All() {
		w.account(a)
	}
	if err := w.flush(); err != nil {
		return err
	}
	if err := tmp.Sync(); err != nil {
		return fmt.Errorf("sync: %w", err)
	}
	if err := os.Rename(tmp.Name(), c.path); err != nil {
		return fmt.Errorf("replace: %w", err)
	}
	c.file, c.size, c.compact = tmp, w.size, 2*w.size+16<<20
	return syncDir(filepath.Dir(c.path))
}

func (c *cache) append(dirty map[dialplan.AccountID]bool, trunks bool) error {
	w := cacheWriter{out: c.file}
	if trunks {
		w.put(cacheEntry{Trunks: c.dir.Trunks(), SetTrunks: true})
	}
	for id := range dirty {
		if a := c.dir.Account(id); a != nil {
			w.account(a)
		} else {
			w.put(cacheEntry{Removed: id})
		}
	}
	if err := w.flush(); err != nil {
		return err
	}
	c.size += w.size
	if err := c.file.Sync(); err != nil {
		return fmt.Errorf("sync: %w", err)
	}
	return nil
}

// cacheFormat changes when older files can't be read any more.
const cacheFormat = 1

// cacheEntry is the content of a frame, as compressed JSON: one of its fields.
type cacheEntry struct {
	Format    int                `json:"format,omitempty"`
	Account   *cachedAccount     `json:"account,omitempty"`
	Removed   dialplan.AccountID `json:"removed,omitempty"`
	SetTrunks bool               `json:"set_trunks,omitempty"`
	Trunks    []*dialplan.Trunk  `json:"trunks,omitempty"`
}

// cachedAccount is an account without what JSON can't carry.
type cachedAccount struct {
	Account    dialplan.Account // without Extensions and Location
	TimeZone   string
	Extensions []cachedExtension
}

type cachedExtension struct {
	ID           int64
	Number, Name string
	Inactive     bool
	Kind         dialplan.Kind
	Config       json.RawMessage // of a user without Devices, which the channels tell
}

// cacheWriter gathers frames and the first error.
type cacheWriter struct {
	out  io.Writer
	buf  []byte
	zip  *flate.Writer
	size int64
	err  error
}

func (w *cacheWriter) account(a *dialplan.Account) {
	c := cachedAccount{Account: *a, TimeZone: a.Location.String()}
	c.Account.Extensions, c.Account.Location = nil, nil
	for _, e := range a.Extensions {
		config := e.Config
		if u, ok := config.(*dialplan.User); ok {
			alone := *u
			alone.Devices = nil
			config = &alone
		}
		raw, err := json.Marshal(config)
		if err != nil {
			w.err = errors.Join(w.err, fmt.Errorf("account %d: %w", a.ID, err))
			return
		}
		c.Extensions = append(c.Extensions, cachedExtension{e.ID, e.Number, e.Name, e.Inactive, e.Config.Kind(), raw})
	}
	w.put(cacheEntry{Account: &c})
}

func (w *cacheWriter) put(e cacheEntry) {
	if w.err != nil {
		return
	}
	raw, err := json.Marshal(e)
	if err != nil {
		w.err = fmt.Errorf("marshal: %w", err)
		return
	}
	var packed bytes.Buffer
	if w.zip == nil {
		w.zip, w.err = flate.NewWriter(&packed, flate.BestSpeed)
		if w.err != nil {
			return
		}
	} else {
		w.zip.Reset(&packed)
	}
	_, err = w.zip.Write(raw)
	if err = errors.Join(err, w.zip.Close()); err != nil {
		w.err = fmt.Errorf("compress: %w", err)
		return
	}
	w.buf = appendFrame(w.buf, packed.Bytes())
	if len(w.buf) > 1<<20 {
		_ = w.flush()
	}
}

func (w *cacheWriter) flush() error {
	if w.err == nil {
		n, err := w.out.Write(w.buf)
		w.size += int64(n)
		if err != nil {
			w.err = fmt.Errorf("write: %w", err)
		}
	}
	w.buf = w.buf[:0]
	return w.err
}

// readCache puts what a cache file holds into dir. A damaged end costs what comes after it.
func readCache(path string, dir *Directory, z *zones, log *slog.Logger) (err error) {
	f, err := os.Open(filepath.Clean(path))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("no configuration kept from before: %w", err)
	}
	if err != nil {
		return fmt.Errorf("open configuration kept from before: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	accounts := make(map[dialplan.AccountID]*dialplan.Account)
	var trunks []*dialplan.Trunk
	r := newFrameReader(f, 0)
	for first := true; ; first = false {
		packed, err := r.next()
		if err == io.EOF {
			break
		}
		if errors.Is(err, errTorn) {
			log.Warn("the end of the configuration kept from before is damaged", "file", path, "offset", r.offset)
			break
		}
		if err != nil {
			return fmt.Errorf("read configuration kept from before: %w", err)
		}
		var e cacheEntry
		if err := json.NewDecoder(flate.NewReader(bytes.NewReader(packed))).Decode(&e); err != nil {
			return fmt.Errorf("read configuration kept from before: %w", err)
		}
		if first && e.Format != cacheFormat {
			return fmt.Errorf("configuration kept from before has format %d, not %d", e.Format, cacheFormat)
		}
		switch {
		case e.SetTrunks:
			trunks = e.Trunks
		case e.Removed != 0:
			delete(accounts, e.Removed)
		case e.Account != nil:
			a, err := e.Account.restore(z)
			if err != nil {
				log.Error("an account kept from before can't be read", "account", e.Account.Account.ID, "err", err)
				continue
			}
			accounts[a.ID] = a
		}
	}
	if r.offset == 0 {
		return errors.New("nothing in the configuration kept from before can be read")
	}
	dir.SetTrunks(trunks)
	for _, a := range accounts {
		dir.Put(a)
	}
	return nil
}

func (c *cachedAccount) restore(z *zones) (*dialplan.Account, error) {
	a := c.Account
	var err error
	if a.Location, err = z.load(c.TimeZone); err != nil {
		return nil, err
	}
	a.Extensions = make(map[string]*dialplan.Extension, len(c.Extensions))
	for _, x := range c.Extensions {
		e := &dialplan.Extension{ID: x.ID, Number: x.Number, Name: x.Name, Inactive: x.Inactive}
		if e.Config = newConfig(x.Kind); e.Config == nil {
			return nil, fmt.Errorf("extension %s is of unknown kind %q", x.Number, x.Kind)
		}
		if err := json.Unmarshal(x.Config, e.Config); err != nil {
			return nil, fmt.Errorf("extension %s: %w", x.Number, err)
		}
		a.Extensions[e.Number] = e
	}
	linkDevices(&a)
	return &a, nil
}
