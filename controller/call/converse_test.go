package call

import (
	"testing"
	"time"

	"callplane/controller/engine"
)

// Who consults goes on at another phone: who is consulted is known to talk all the time.
func TestAConversationThatGoesOnIsKnownWithoutAGap(t *testing.T) {
	v := &Live{talks: map[string][]Conversation{}, watchers: map[*Call]string{}}
	c := &Call{live: v}
	leg := func(id engine.LegID, extension string) *Leg {
		return &Leg{ID: id, Extension: extension, talks: time.Unix(1, 0)}
	}
	asked, by, other := leg("asked", "102"), leg("by", "101"), leg("other", "101")
	first := c.converse(by, asked)
	second := c.converse(other, asked)
	if n := len(v.Conversations("101")); n != 2 {
		t.Errorf("101 is known in %d conversations, want both phones", n)
	}
	first()
	if all := v.Conversations("102"); len(all) != 1 || all[0].Leg != "asked" {
		t.Errorf("102 is known in %+v", all)
	}
	if all := v.Conversations("101"); len(all) != 1 || all[0].Leg != "other" {
		t.Errorf("101 is known in %+v", all)
	}
	second()
	if n := len(v.Conversations("101")) + len(v.Conversations("102")); n != 0 {
		t.Errorf("%d conversations are left", n)
	}
}
