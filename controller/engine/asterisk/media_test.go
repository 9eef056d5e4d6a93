package asterisk

import (
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"callplane/controller/engine"
)

// hum plays in a loop to the leg a of a driver.
func hum(t *testing.T, f *fake, e *Engine, x *told) {
	t.Helper()
	f.send(newCall, "a")
	f.send(`{"type":"ChannelStateChange","channel":{"id":"a","state":"Up"}}`)
	x.want(t, "incoming a", "a engine.Answered")
	if err := e.Play(t.Context(), "a", engine.Playback{ID: "hum", Sources: []engine.Source{{Silence: time.Second}}, Loop: true}); err != nil {
		t.Fatal(err)
	}
}

// Asterisk refuses to stop what is just beginning. The channel would then play on and do nothing else that it is told.
func TestPlaybackThatIsJustBeginningIsStopped(t *testing.T) {
	f := newFake(t)
	e, x := start(t, f)
	hum(t, f, e, x)
	var stops atomic.Int32
	f.on("DELETE /playbacks/cp-play-a-1", func(w http.ResponseWriter) {
		if stops.Add(1) < 3 {
			http.Error(w, `{"message":"Could not stop playback"}`, http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	if err := e.StopPlay(t.Context(), "a", "hum"); err != nil {
		t.Error(err)
	}
	if n := stops.Load(); n != 3 {
		t.Errorf("asked to stop %d times, want until it is done: 3", n)
	}
}

// A round of a loop may be asked for while it is to end: Asterisk then does not know yet what is to be stopped.
func TestPlaybackThatIsStoppedBeforeItBegan(t *testing.T) {
	f := newFake(t)
	e, x := start(t, f)
	hum(t, f, e, x)
	asked, begin := make(chan struct{}), make(chan struct{})
	f.on("POST /channels/a/play/cp-play-a-2", func(w http.ResponseWriter) {
		close(asked)
		<-begin
		_, _ = io.WriteString(w, "{}")
	})
	missed, stopped := make(chan struct{}), make(chan struct{})
	var there atomic.Bool
	f.on("DELETE /playbacks/cp-play-a-2", func(w http.ResponseWriter) {
		if !there.Load() {
			close(missed)
			http.Error(w, `{"message":"Playback not found"}`, http.StatusNotFound)
			return
		}
		close(stopped)
		w.WriteHeader(http.StatusNoContent)
	})
	f.send(`{"type":"PlaybackFinished","playback":{"id":"cp-play-a-1","state":"done"}}`)
	<-asked
	if err := e.StopPlay(t.Context(), "a", "hum"); err != nil {
		t.Error(err)
	}
	<-missed
	there.Store(true)
	close(begin)
	select {
	case <-stopped:
	case <-time.After(10 * time.Second):
		t.Error("it plays on")
	}
}
