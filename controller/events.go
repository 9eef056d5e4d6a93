package main

import (
	"context"
	"io"
	"maps"
	"slices"

	"callplane/admin/api"
	"callplane/controller/engine"
	"callplane/controller/presence"
	"callplane/dialplan"
)

// events are what a user may know, as the API tells it.
func (d *daemon) events(account dialplan.AccountID, user string) (api.EventStream, error) {
	s, err := d.presence.Subscribe(account, user)
	if err != nil {
		return nil, err
	}
	return eventStream{s}, nil
}

type eventStream struct{ *presence.Stream }

// Next implements api.EventStream.
func (s eventStream) Next(ctx context.Context) (any, error) {
	select {
	case ev, ok := <-s.Events:
		if !ok {
			return nil, io.EOF
		}
		return shownEvent(ev), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func shownEvent(ev presence.Event) any {
	switch ev := ev.(type) {
	case presence.Snapshot:
		out := api.EventSnapshot{Ringing: []api.RingingCall{}, States: []api.UserState{}}
		for _, n := range ev.Ringing {
			out.Ringing = append(out.Ringing, shownNotice(n))
		}
		for _, ext := range slices.Sorted(maps.Keys(ev.States)) {
			out.States = append(out.States, api.UserState{Extension: ext, State: shownState(ev.States[ext])})
		}
		return out
	case presence.Rings:
		return shownNotice(ev.Notice)
	case presence.Stopped:
		out := api.StoppedCall{Call: ev.Call.String(), Reason: "stopped", AnsweredBy: ev.By}
		if ev.By != "" {
			out.Reason = "answered"
		}
		return out
	case presence.Shows:
		return api.UserState{Extension: ev.Extension, State: shownState(ev.State)}
	}
	return nil // the API says that it does not know it
}

func shownNotice(n presence.Notice) api.RingingCall {
	return api.RingingCall{Call: n.Call.String(), Over: n.Over, Group: n.Group, Manager: n.Manager, Caller: n.From.Number, Name: n.From.Name,
		Prefix: n.Prefix, Anonymous: n.From.Anonymous, Since: n.Since}
}

func shownState(s engine.PresenceState) string {
	switch s {
	case engine.Idle:
		return "idle"
	case engine.Alerting:
		return "ringing"
	case engine.Talking:
		return "busy"
	}
	return "unknown"
}
