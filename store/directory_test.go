package store_test

import (
	"fmt"
	"sync"
	"testing"

	"callplane/dialplan"
	"callplane/store"
)

func account(id dialplan.AccountID, version int64, channels, numbers []string) *dialplan.Account {
	a := &dialplan.Account{ID: id, Version: version, Channels: map[string]*dialplan.Channel{}, Numbers: map[string]*dialplan.Number{}}
	for _, c := range channels {
		a.Channels[c] = &dialplan.Channel{Name: c, CallLimit: int(version)}
	}
	for _, n := range numbers {
		a.Numbers[n] = &dialplan.Number{E164: n}
	}
	return a
}

func TestDirectory(t *testing.T) {
	d := store.NewDirectory()
	var changes []string
	cancel := d.Subscribe(func(c store.Change) {
		changes = append(changes, fmt.Sprint(c.Account, c.Old != nil, c.New != nil, len(c.Trunks)))
	})
	one := account(1, 1, []string{"a", "b"}, []string{"+1"})
	d.Put(one)
	d.Put(account(2, 1, []string{"c"}, []string{"+2"}))
	if a, ch := d.ByChannel("b"); a != one || ch != one.Channels["b"] {
		t.Error("channel b is not found")
	}
	if d.ByNumber("+2") != d.Account(2) || d.Len() != 2 {
		t.Error("account 2 is not found by number")
	}
	// b and +1 move to account 2: whichever is put first, nothing gets lost.
	d.Put(account(2, 2, []string{"b", "c"}, []string{"+1"}))
	d.Put(account(1, 2, []string{"a"}, nil))
	if a, _ := d.ByChannel("b"); a == nil || a.ID != 2 {
		t.Error("channel b did not move")
	}
	if a := d.ByNumber("+1"); a == nil || a.ID != 2 {
		t.Error("+1 did not move")
	}
	if d.ByNumber("+2") != nil {
		t.Error("+2 is still there")
	}
	d.SetTrunks([]*dialplan.Trunk{{Name: "x"}})
	d.Remove(2)
	d.Remove(3)
	if a, ch := d.ByChannel("c"); a != nil || ch != nil || d.Account(2) != nil || d.Len() != 1 || len(d.Trunks()) != 1 {
		t.Error("account 2 is still there")
	}
	cancel()
	d.Remove(1)
	want := "[1 false true 0 2 false true 0 2 true true 0 1 true true 0 0 false false 1 2 true false 0]"
	if fmt.Sprint(changes) != want {
		t.Errorf("changes %v\n   want %s", changes, want)
	}
}

// TestDirectoryReadersSeeWholeSnapshots reads while accounts are replaced: channel and account
// always belong together.
func TestDirectoryReadersSeeWholeSnapshots(t *testing.T) {
	d := store.NewDirectory()
	d.Put(account(1, 1, []string{"a"}, []string{"+1"}))
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				a, ch := d.ByChannel("a")
				if a == nil || a.Channels["a"] != ch || int64(ch.CallLimit) != a.Version {
					t.Error("channel and account of different snapshots")
					return
				}
				if d.ByNumber("+1") == nil {
					t.Error("number is gone")
					return
				}
			}
		})
	}
	for v := range int64(2000) {
		d.Put(account(1, v+2, []string{"a", fmt.Sprint(v)}, []string{"+1"}))
	}
	close(stop)
	readers.Wait()
}

func BenchmarkDirectoryByChannel(b *testing.B) {
	d := store.NewDirectory()
	names := make([]string, 0, 10_000)
	for id := range 10_000 {
		name := fmt.Sprintf("ch%d", id)
		names = append(names, name)
		d.Put(account(dialplan.AccountID(id+1), 1, []string{name}, nil))
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			if _, ch := d.ByChannel(names[i%len(names)]); ch == nil {
				b.Fatal("not found")
			}
		}
	})
}
