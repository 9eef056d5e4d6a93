package api

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"callplane/provisioning"
	"callplane/store"
)

// A channel that was made with the API can register at once, and no longer when it is
// disabled: from the request to what the engine is told, with nothing in between by hand.
func TestNewChannelReachesTheEngines(t *testing.T) {
	w := newWorld(t, true)
	dir := store.NewDirectory()
	follow := store.NewFollower(w.db, dir, store.FollowOptions{Recheck: time.Hour, Log: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	changes := make(chan struct{}, 100)
	stop := dir.Subscribe(func(store.Change) { changes <- struct{}{} })
	defer stop()
	go func() { done <- follow.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	select {
	case <-follow.Ready():
	case <-time.After(20 * time.Second):
		t.Fatal("nothing is loaded")
	}
	h := &provisioning.FreeSWITCH{Lookup: dir.ByChannel, Domain: "sip.example.com"}
	ask := func() string {
		f := url.Values{"section": {"directory"}, "action": {"sip_auth"}, "user": {"fresh-1"}, "sip_auth_username": {"fresh-1"},
			"domain": {"sip.example.com"}, "sip_auth_realm": {"sip.example.com"}, "sip_auth_method": {"REGISTER"}, "sip_to_user": {"fresh-1"}}
		r := httptest.NewRequest("POST", "/", strings.NewReader(f.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		return rec.Body.String()
	}
	await := func(what string, ok func(string) bool) {
		t.Helper()
		began, limit := time.Now(), time.After(20*time.Second)
		for !ok(ask()) {
			select {
			case <-changes:
			case <-limit:
				t.Fatalf("%s: the engines are still told %s", what, ask())
			}
		}
		t.Logf("%s: %v", what, time.Since(began))
	}
	acc := fmt.Sprintf("/accounts/%d", w.a.id)
	if !strings.Contains(ask(), "not found") {
		t.Fatal("it is there already")
	}
	password := w.do(w.a.admin, "POST", acc+"/channels", body{"name": "fresh-1"}).want(201).str("password")
	knows := func(password string) func(string) bool {
		sum := md5.Sum([]byte("fresh-1:sip.example.com:" + password))
		return func(doc string) bool { return strings.Contains(doc, hex.EncodeToString(sum[:])) }
	}
	await("new channel", knows(password))
	again := w.do(w.a.admin, "POST", acc+"/channels/fresh-1/password", nil).want(200).str("password")
	await("new password", knows(again))
	w.do(w.a.admin, "PUT", acc+"/channels/fresh-1", body{"name": "fresh-1", "enabled": false}).want(200)
	await("disabled", func(doc string) bool { return strings.Contains(doc, "not found") })
}
