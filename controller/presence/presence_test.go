package presence

import (
	"context"
	"log/slog"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"callplane/controller/call"
	"callplane/controller/engine"
	"callplane/dialplan"
	"callplane/store"
)

// desk is a service over an activity that the test sets.
type desk struct {
	*Service
	t   *testing.T
	dir *store.Directory
	act call.Activity
}

func open(t *testing.T, before ...func(*Service)) *desk {
	d := &desk{t: t, dir: store.NewDirectory()}
	d.Service = New(Config{Directory: d.dir, Log: slog.New(slog.DiscardHandler), Activity: func(dialplan.AccountID) call.Activity { return d.act }})
	d.put(2 * time.Second)
	for _, f := range before {
		f(d.Service)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		d.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return d
}

// put makes a company in which 102 may be told of calls of 101 after a delay, and see its state.
func (d *desk) put(delay time.Duration) {
	d.dir.Put(&dialplan.Account{
		ID: 1, Version: 1, Enabled: true, Location: time.UTC,
		Privacy: map[int64]*dialplan.PrivacyGroup{1: {ID: 1, Members: []string{"102"}}},
		Extensions: map[string]*dialplan.Extension{
			"101": {Number: "101", Config: &dialplan.User{Privacy: []dialplan.PrivacyGrant{{Group: 1,
				PrivacyRights: dialplan.PrivacyRights{Notify: delay > 0, NotifyDelay: delay, BLF: delay > 0}}}}},
			"102": {Number: "102", Config: &dialplan.User{}},
		},
		Channels: map[string]*dialplan.Channel{"c101": {Name: "c101", User: "101"}, "c9": {Name: "c9"}},
	})
}

// set changes what goes on, as a call does.
func (d *desk) set(a call.Activity) {
	synctest.Wait()
	d.act = a
	d.Changed(1)
	synctest.Wait()
}

func rings(id uuid.UUID, at ...string) call.Activity {
	o := dialplan.Offer{Since: time.Now(), Extensions: map[string]int{}}
	for _, x := range at {
		o.Extensions[x] = 1
	}
	return call.Activity{Ringing: []call.Ringing{{Call: &call.Call{ID: id}, Offer: o}}, Busy: map[string]int{"c101": 1, "c9": 1, "unknown": 1}}
}

func (d *desk) subscribe(user string) *Stream {
	s, err := d.Subscribe(1, user)
	if err != nil {
		d.t.Fatal(err)
	}
	synctest.Wait()
	return s
}

func expect(t *testing.T, s *Stream, want ...Event) {
	t.Helper()
	synctest.Wait()
	for _, w := range want {
		select {
		case got, ok := <-s.Events:
			if w == nil && !ok {
				continue
			}
			if !ok || !reflect.DeepEqual(got, w) {
				t.Fatalf("got %+v (%v), want %+v", got, ok, w)
			}
		default:
			t.Fatalf("nothing, want %+v", w)
		}
	}
	select {
	case got, ok := <-s.Events:
		if ok {
			t.Fatalf("got %+v too", got)
		}
	default:
	}
}

func TestDelayIsKeptToTheSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t)
		s := d.subscribe("102")
		expect(t, s, Snapshot{States: map[string]engine.PresenceState{"101": engine.Idle, "102": engine.Idle}})
		id := uuid.New()
		act := rings(id, "101")
		d.set(act)
		expect(t, s, Shows{"101", engine.Alerting})
		time.Sleep(2*time.Second - time.Nanosecond)
		expect(t, s)
		time.Sleep(time.Nanosecond)
		n := Notice{Call: id, Over: []string{"101"}, Since: act.Ringing[0].Since}
		expect(t, s, Rings{n})
		// Who comes later begins with what is so.
		expect(t, d.subscribe("102"), Snapshot{Ringing: []Notice{n}, States: map[string]engine.PresenceState{"101": engine.Alerting, "102": engine.Idle}})
		d.set(call.Activity{Busy: map[string]int{"c101": 1}, Answered: map[uuid.UUID]string{id: "101"}})
		expect(t, s, Stopped{id, "101"}, Shows{"101", engine.Talking})
		// Ended before the delay: nothing is told.
		d.set(rings(uuid.New(), "101"))
		d.set(call.Activity{})
		time.Sleep(time.Minute)
		expect(t, s, Shows{"101", engine.Alerting}, Shows{"101", engine.Idle})
	})
}

func TestRightsActAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t)
		id := uuid.New()
		act := rings(id, "101")
		d.set(act)
		time.Sleep(time.Minute)
		s := d.subscribe("102")
		<-s.Events
		d.put(0) // the right is taken away
		expect(t, s, Stopped{Call: id}, Shows{Extension: "101"})
		d.put(time.Second)
		expect(t, s, Rings{Notice{Call: id, Over: []string{"101"}, Since: act.Ringing[0].Since}}, Shows{"101", engine.Alerting})
		d.dir.Remove(1)
		expect(t, s, nil)
		if _, err := d.Subscribe(1, "102"); err == nil {
			t.Error("subscribed to an account that is gone")
		}
	})
}

func TestSlowReadersAreCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := open(t)
		slow, quick := d.subscribe("101"), d.subscribe("101")
		<-quick.Events
		for range streamBuffer {
			d.set(rings(uuid.New(), "101"))
			d.set(call.Activity{Busy: map[string]int{"c101": 1}})
			for len(quick.Events) > 0 {
				<-quick.Events
			}
		}
		n := 0
		for range slow.Events {
			n++
		}
		if n != streamBuffer {
			t.Errorf("%d events before it was cut off", n)
		}
		slow.Close() // twice is nothing
		d.set(call.Activity{})
		expect(t, quick, Shows{"101", engine.Idle})
		quick.Close()
		expect(t, quick, nil)
	})
}
