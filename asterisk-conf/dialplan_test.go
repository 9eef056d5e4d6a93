package asteriskconf

import (
	"strings"
	"testing"
)

// The pattern of a dialled number matches h too, and what extension h has no step for is looked for there: a call that was hung up
// went through the whole dialplan again. So the first step of h must be one after which nothing follows.
func TestNothingFollowsAHangUp(t *testing.T) {
	text, err := files.ReadFile("conf/extensions.conf")
	if err != nil {
		t.Fatal(err)
	}
	_, incoming, _ := strings.Cut(string(text), "[incoming]")
	incoming, _, _ = strings.Cut(incoming, "\n[")
	if !strings.Contains(incoming, "exten => _.,1,") {
		t.Fatal("calls come in by another pattern: does it match h?")
	}
	if !strings.Contains(incoming, "\nexten => h,1,Hangup()\n") {
		t.Error("h does not end the call")
	}
}
