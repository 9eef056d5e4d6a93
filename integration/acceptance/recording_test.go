package acceptance

import (
	"testing"
	"time"

	"callplane/dialplan"
	"callplane/integration/conformance"
	"callplane/integration/tone"
)

// talkFor lets a conversation go on for a recording.
func (o *Office) talkFor(d time.Duration) {
	select {
	case <-time.After(d):
	case <-o.ctx.Done():
	}
}

// Holds asserts what the channels of the recording have for most of it: for each, the frequencies.
func (r Recorded) Holds(channels ...[]int) {
	r.o.Helper()
	pcm, length, err := conformance.ReadWAV(r.path)
	if err != nil {
		r.o.Fatal(err)
	}
	if len(pcm) != len(channels) || r.Channels != len(channels) {
		r.o.Fatalf("%d channels (%d in the metadata), want %d", len(pcm), r.Channels, len(channels))
	}
	if d := length - r.Duration; d < -100*time.Millisecond || d > 100*time.Millisecond {
		r.o.Errorf("the file has %v, the metadata say %v", length, r.Duration)
	}
	for i, hz := range channels {
		if !mostly(r.o.T, pcm[i], hz) {
			f, share := tone.Peak(pcm[i])
			r.o.Errorf("channel %d of %v has not %v Hz; strongest is %.0f Hz with %.2f", i, length, hz, f, share)
		}
	}
}

// mostly tells whether most of the sound has just these frequencies.
func mostly(t *testing.T, pcm []int16, hz []int) bool {
	t.Helper()
	var freqs []float64
	for _, f := range hz {
		freqs = append(freqs, float64(f))
	}
	match := tone.Silent()
	if len(hz) > 0 {
		match = tone.HasOnly(freqs...)
	}
	hits, all := 0, 0
	for i := 0; i+tone.Window <= len(pcm); i += tone.Window {
		all++
		if match(pcm[i : i+tone.Window]) {
			hits++
		}
	}
	return all > 0 && hits*3 >= all*2
}

// long is how long conversations are that are recorded.
const long = 2 * time.Second

func recordingCases() []testCase {
	all := func(o *Office) {
		o.Account.Recording.Enabled, o.Account.Recording.Outbound, o.Account.Recording.Assistant = true, true, true
	}
	listen := dialplan.PrivacyRights{Listen: true}
	return []testCase{
		{name: "FAC-REC-01_an_inbound_call_is_recorded_each_party_on_its_side", run: func(o *Office) {
			all(o)
			o.User("101").Permissions.RecordInbound = true
			o.Open("101")
			a := o.Outside(2)
			b := a.Reaches("101")
			o.talkFor(long)
			a.HungUpBoth(b)
			r := o.RecordingOf(1, "101", dialplan.RecordSystematic)
			r.Holds([]int{b.hz}, []int{a.hz})
			if rec := o.Record(1); r.Call != rec.ID || r.Outbound || r.Number != rec.CallerNumber || r.UserID != o.Account.Extensions["101"].ID {
				o.Errorf("recording %+v of call %s", r.Recording, rec.ID)
			}
		}},
		{name: "FAC-REC-01_an_outbound_call_is_recorded_in_one_channel", run: func(o *Office) {
			all(o)
			o.Account.Recording.Mixed = true
			o.User("101").Permissions.RecordOutbound = true
			o.Open("101")
			a := o.Dial("101", "0612345679")
			b := o.OfferedTo("main")
			b.Answers()
			a.TalksTo(b)
			o.talkFor(long)
			b.HungUpBoth(a)
			r := o.RecordingOf(1, "101", dialplan.RecordSystematic)
			r.Holds([]int{a.hz, b.hz})
			if !r.Outbound || r.Number != "+31612345679" {
				o.Errorf("recording %+v", r.Recording)
			}
		}},
		{name: "FAC-REC-01_what_is_not_set_is_not_recorded", run: func(o *Office) {
			o.Account.Recording.Enabled = true // and not outbound
			o.User("101").Permissions.RecordOutbound = true
			o.User("102").Permissions.RecordOutbound = true
			o.User("103").Permissions.RecordInbound = true
			o.Open("101", "102", "103")
			a := o.Dial("101", "102")
			b := a.Reaches("102")
			a.HungUpBoth(b)
			a = o.Dial("102", "103")
			b = a.Reaches("103")
			o.talkFor(long)
			b.HungUpBoth(a)
			o.Record(2)
			r := o.RecordingOf(1, "103", dialplan.RecordSystematic)
			r.Holds([]int{b.hz}, []int{a.hz})
		}},
		{name: "FAC-REC-01_a_transfer_ends_the_recording_of_who_leaves", run: func(o *Office) {
			all(o)
			o.User("101").Permissions.RecordInbound = true
			o.User("102").Permissions.RecordInbound = true
			o.Open("101", "102")
			a := o.Outside(2)
			b := a.Reaches("101")
			o.talkFor(long)
			b.Transfers("102")
			b.Ended()
			c := a.Reaches("102")
			o.talkFor(long)
			a.HungUpBoth(c)
			o.RecordingOf(2, "101", dialplan.RecordSystematic).Holds([]int{b.hz}, []int{a.hz})
			o.RecordingOf(2, "102", dialplan.RecordSystematic).Holds([]int{c.hz}, []int{a.hz})
		}},
		{name: "FAC-REC-01_answered_and_hung_up_at_once_leaves_nothing_behind", run: func(o *Office) {
			all(o)
			o.User("101").Permissions.RecordInbound = true
			o.Open("101")
			for i := range 3 {
				a := o.Outside(2)
				b := o.Offered("101")
				b.Answers()
				if i == 1 {
					a.Answered()
				}
				a.Hangs()
				b.Ended()
			}
			o.Record(3)
			o.RecordingsOver()
		}},
		{name: "FAC-REC-01_a_restart_of_the_controller_loses_no_recording", alone: true, run: func(o *Office) {
			all(o)
			o.User("101").Permissions.RecordInbound = true
			o.Open("101")
			a := o.Outside(2)
			b := a.Reaches("101")
			o.talkFor(long)
			o.b.stop()
			if err := o.b.start(o.ctx, logTo(o.T)); err != nil {
				o.Fatal(err)
			}
			a.TalksTo(b)
			o.talkFor(long)
			a.HungUpBoth(b)
			for _, r := range o.Recordings(2) { // before and after
				r.Holds([]int{b.hz}, []int{a.hz})
			}
		}},
		{name: "SYS-908_with_an_extension_its_call_is_recorded", run: func(o *Office) {
			all(o)
			o.Grant("103", "101", listen)
			o.Open("101", "102", "103", "104")
			o.Dial("103", "908101").EndedWith(404)
			a := o.Dial("102", "101")
			b := a.Reaches("101")
			o.Dial("104", "908101").EndedWith(403)
			c := o.Dial("103", "908101")
			c.HearsPrompt("record.started")
			o.talkFor(long)
			c.Ended()
			a.HungUpBoth(b)
			r := o.RecordingOf(1, "101", dialplan.RecordOnDemand)
			r.Holds([]int{b.hz}, []int{a.hz})
			if r.RequestedBy != "103" || r.Extension != "101" {
				o.Errorf("recording %+v", r.Recording)
			}
		}},
		{name: "SYS-908_what_rings_is_recorded_when_it_is_answered", run: func(o *Office) {
			all(o)
			o.Grant("103", "101", listen)
			o.Open("101", "103")
			a := o.Outside(2)
			b := o.Offered("101")
			c := o.Dial("103", "908101")
			c.HearsPrompt("record.started")
			c.Ended()
			b.Answers()
			a.TalksTo(b)
			o.talkFor(long)
			b.HungUpBoth(a)
			o.RecordingOf(1, "101", dialplan.RecordOnDemand).Holds([]int{b.hz}, []int{a.hz})
		}},
		{name: "SYS-908_alone_it_is_any_call_that_may_be_recorded", run: func(o *Office) {
			all(o)
			o.Grant("104", "103", listen)
			o.Open("101", "102", "103", "104")
			a := o.Outside(2)
			b := a.Reaches("101")
			o.Dial("104", "908").EndedWith(403)
			c := o.Dial("102", "103")
			d := c.Reaches("103")
			e := o.Dial("104", "908")
			e.HearsPrompt("record.started")
			o.talkFor(long)
			e.Ended()
			c.HungUpBoth(d)
			a.HungUpBoth(b)
			o.RecordingOf(1, "103", dialplan.RecordOnDemand).Holds([]int{d.hz}, []int{c.hz})
		}},
	}
}
