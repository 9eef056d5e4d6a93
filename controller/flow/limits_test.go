package flow

import (
	"testing"
	"time"
)

// The tests of calls shorten it.
func TestACD_08_InfotainmentComesEachMinute(t *testing.T) {
	if got := NewRouter(Config{}).limits.Infotainment; got != time.Minute {
		t.Errorf("each %v", got)
	}
}
