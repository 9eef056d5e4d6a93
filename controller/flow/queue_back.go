package flow

import (
	"time"

	"callplane/controller/acd"
	"callplane/controller/call"
	"callplane/dialplan"
	"callplane/store"
)

// FollowQueues keeps queues as the directory has them, and lets them know what phones do, until stop is called.
func FollowQueues(hub *acd.Hub, rt *call.Runtime) (stop func()) {
	watch := func(a *dialplan.Account) {
		rt.Live(a.ID).Watch(func(channel string) { hub.Changed(a.ID, channel) })
	}
	stop = rt.Directory.Subscribe(func(c store.Change) {
		if c.Account == 0 {
			return
		}
		hub.Configure(c.Account, c.New)
		if c.New != nil && hub.Account(c.Account) != nil {
			watch(c.New)
		}
	})
	for a := range rt.Directory.All() {
		hub.Configure(a.ID, a)
		if hub.Account(a.ID) != nil {
			watch(a)
		}
	}
	return stop
}

// QueuePhones tells what the phones of an agent do; numbers outside can always be called.
func QueuePhones(live func(dialplan.AccountID) *call.Live) func(a *dialplan.Account, extension string) (bool, int) {
	return func(a *dialplan.Account, extension string) (bool, int) {
		switch cfg := configOf(a.Extensions[extension]).(type) {
		case *dialplan.User:
			return live(a.ID).Phones(cfg.Devices)
		case *dialplan.Forward:
			return true, 0
		}
		return false, 0
	}
}

// AdoptQueues brings back who waited and who talked to agents when the controller went away (ACD-15).
func AdoptQueues(hub *acd.Hub, calls []*call.Call) {
	waiting := map[dialplan.AccountID][]acd.Back{}
	talking := map[dialplan.AccountID][]acd.Talking{}
	legs := map[dialplan.AccountID][]*call.Leg{}
	for _, c := range calls {
		if c.Resume == nil || c.Account == nil {
			continue
		}
		id := c.Account.ID
		// Whoever of a queue's agents is in the call, also one who consults a colleague.
		for _, l := range c.Legs() {
			if e := c.Account.Extensions[l.Extension]; l.Queue != 0 && l.Answered() && e != nil {
				talking[id] = append(talking[id], acd.Talking{Caller: c.ID, Queue: acd.QueueID(l.Queue), Agent: acd.AgentID(e.ID), Since: since(l, c)})
				legs[id] = append(legs[id], l)
			}
		}
		// Who was on hold, of somebody who had asked a queue for a colleague, does not wait there.
		if p := c.Resume.Queue; p != nil && c.Resume.Talking == nil && c.Caller.Role() != call.RoleHeld {
			waiting[id] = append(waiting[id], acd.Back{
				Join: acd.Join{Caller: c.ID, Queue: acd.QueueID(p.Queue), At: p.Joined, Held: p.Since.IsZero()}, Wake: c.Wake,
			})
		}
	}
	for id := range talking {
		if _, ok := waiting[id]; !ok {
			waiting[id] = nil
		}
	}
	for id, list := range waiting {
		for i, ended := range hub.Restore(id, list, talking[id]) {
			legs[id][i].OnEnd(ended)
		}
	}
}

// since is when a conversation began, as far as it is known after a restart.
func since(l *call.Leg, c *call.Call) time.Time {
	if at := l.AnsweredAt(); !at.IsZero() {
		return at
	}
	return c.Now()
}
