package asterisk

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"callplane/controller/engine"
)

// A call plays music to whom a phone has transferred as soon as it hears of it. Asterisk would play it in the bridge, and nobody would
// leave that before the end.
func TestTransferFreesThePeerBeforeAnythingElse(t *testing.T) {
	f := newFake(t)
	e, x := start(t, f)
	for _, id := range []string{"a", "b"} {
		f.send(newCall, id)
		f.send(`{"type":"ChannelStateChange","channel":{"id":%q,"state":"Up"}}`, id)
		x.want(t, "incoming "+id, id+" engine.Answered")
	}
	bridged := make(chan error, 1)
	go func() { bridged <- e.Bridge(t.Context(), "a", "b") }()
	pair := ""
	for deadline := time.Now().Add(10 * time.Second); pair == "" && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		f.mu.Lock()
		for _, q := range f.asked {
			if rest, ok := strings.CutPrefix(q, "POST /bridges/"); ok && strings.HasSuffix(rest, "/addChannel") {
				pair = strings.TrimSuffix(rest, "/addChannel")
			}
		}
		f.mu.Unlock()
	}
	for _, id := range []string{"a", "b"} {
		f.send(`{"type":"ChannelEnteredBridge","bridge":{"id":%q},"channel":{"id":%q}}`, pair, id)
	}
	if err := <-bridged; err != nil {
		t.Fatal(err)
	}
	x.want(t, "a engine.Bridged", "b engine.Bridged")

	leave := "POST /bridges/" + pair + "/removeChannel"
	var once sync.Once
	f.on(leave, func(w http.ResponseWriter) {
		once.Do(func() {
			for _, id := range []string{"a", "b"} {
				f.send(`{"type":"ChannelLeftBridge","bridge":{"id":%q},"channel":{"id":%q}}`, pair, id)
			}
		})
		w.WriteHeader(http.StatusNoContent)
	})
	f.send(`{"type":"ChannelTransfer","state":"channel_progress","refer_to":{"requested_destination":{"destination":"400"}},"referred_by":{"source_channel":{"id":"b"}}}`)
	x.want(t, "b engine.Transfer")
	if err := e.Play(t.Context(), "a", engine.Playback{ID: "music", Sources: []engine.Source{{Silence: time.Second}}, Loop: true}); err != nil {
		t.Fatal(err)
	}
	f.mu.Lock()
	asked := slices.Clone(f.asked)
	f.mu.Unlock()
	left, played := slices.Index(asked, leave), slices.IndexFunc(asked, func(q string) bool { return strings.HasPrefix(q, "POST /channels/a/play") })
	if left < 0 || played < left {
		t.Errorf("the peer has to leave the bridge before it is played to: %q", asked)
	}
}
