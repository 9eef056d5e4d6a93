package store_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"callplane/dialplan"
	"callplane/store"
	"callplane/store/pgtest"
)

// BenchmarkSnapshots loads 10,000 accounts of 50 extensions, each with a channel, and tells
// what they cost in memory, what one changed account takes, and what the local file takes.
func BenchmarkSnapshots(b *testing.B) {
	ctx := b.Context()
	db, pool := pgtest.Store(b)
	const accounts, users = 10_000, 48 // and a group and a menu
	many(ctx, b, pool, accounts, users)
	b.Run("LoadAll", func(b *testing.B) {
		for b.Loop() {
			dir := store.NewDirectory()
			before := heap()
			err := db.LoadAll(ctx, func(l store.Loaded) error {
				dir.Put(l.Account)
				return l.Err
			})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(heap()-before)/(accounts*(users+2)), "bytes/extension")
			runtime.KeepAlive(dir)
		}
	})
	b.Run("LoadAccount", func(b *testing.B) {
		id := dialplan.AccountID(0)
		for b.Loop() {
			id = id%accounts + 1
			if _, err := db.LoadAccount(ctx, id); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Versions", func(b *testing.B) {
		for b.Loop() {
			if _, _, err := db.Versions(ctx); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Cache", func(b *testing.B) {
		for b.Loop() {
			kept := filepath.Join(b.TempDir(), "cache")
			start := time.Now()
			_, stop := following(b, db, store.NewDirectory(), store.FollowOptions{Cache: kept})
			b.ReportMetric(time.Since(start).Seconds(), "s/load")
			start = time.Now()
			stop() // writes the file
			b.ReportMetric(time.Since(start).Seconds(), "s/write")
			fi, err := os.Stat(kept)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(fi.Size())/1e6, "MB")
			away, err := store.Open(ctx, "postgres://nobody@127.0.0.1:1/none")
			if err != nil {
				b.Fatal(err)
			}
			start = time.Now()
			_, stop = following(b, away, store.NewDirectory(), store.FollowOptions{Cache: kept})
			b.ReportMetric(time.Since(start).Seconds(), "s/read")
			stop()
			away.Close()
		}
	})
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
