package phone

import (
	"slices"
	"testing"

	"github.com/emiago/sipgo/sip"
)

const thirdTone = 1721.0

func TestBlindTransfer(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	alice, bob := pair(t)
	carol := newPhone(t, Config{User: "carol", Tone: thirdTone})
	toBob, in := connect(t, alice, bob, DialOptions{})
	must(t, toBob.Refer(ctx, carol.URI()))
	wish, err := in.WaitRefer(ctx)
	must(t, err)
	next, err := wish.Follow(ctx)
	must(t, err)
	atCarol, err := carol.WaitIncoming(ctx)
	must(t, err)
	if by := atCarol.Header("Referred-By"); by != "<sip:alice@127.0.0.1>" {
		t.Errorf("referred by %q", by)
	}
	must(t, atCarol.Answer(ctx))
	code, err := toBob.WaitTransfer(ctx)
	must(t, err)
	if progress := toBob.TransferProgress(); code != 200 || !slices.Equal(progress, []int{100, 200}) {
		t.Errorf("transfer came to %d by %v", code, progress)
	}
	must(t, toBob.Hangup(ctx))
	must(t, next.HearsOnly(ctx, thirdTone))
	must(t, atCarol.HearsOnly(ctx, highTone))
}

func TestTransferToBusy(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	alice, bob := pair(t)
	carol := newPhone(t, Config{User: "carol"})
	toBob, in := connect(t, alice, bob, DialOptions{})
	must(t, toBob.Refer(ctx, carol.URI()))
	wish, err := in.WaitRefer(ctx)
	must(t, err)
	_, err = wish.Follow(ctx)
	must(t, err)
	atCarol, err := carol.WaitIncoming(ctx)
	must(t, err)
	must(t, atCarol.Reject(486, "Busy Here"))
	code, err := toBob.WaitTransfer(ctx)
	must(t, err)
	if code != 486 {
		t.Errorf("transfer came to %d", code)
	}
	must(t, toBob.Hears(ctx, highTone))
}

func TestAttendedTransfer(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	alice, bob := pair(t)
	carol := newPhone(t, Config{User: "carol", Tone: thirdTone})
	toBob, atBob := connect(t, alice, bob, DialOptions{})
	must(t, toBob.Hold(ctx))
	toCarol, atCarol := connect(t, alice, carol, DialOptions{})
	must(t, toCarol.HearsOnly(ctx, thirdTone))
	must(t, toBob.ReferReplaces(ctx, toCarol))
	wish, err := atBob.WaitRefer(ctx)
	must(t, err)
	next, err := wish.Follow(ctx)
	must(t, err)
	takeover, err := carol.WaitIncoming(ctx)
	must(t, err)
	must(t, takeover.Answer(ctx)) // hangs up atCarol
	must(t, atCarol.WaitEnded(ctx))
	must(t, toCarol.WaitEnded(ctx))
	must(t, next.HearsOnly(ctx, thirdTone))
	must(t, takeover.HearsOnly(ctx, highTone))
	code, err := toBob.WaitTransfer(ctx)
	must(t, err)
	if code != 200 {
		t.Errorf("transfer came to %d", code)
	}
}

func TestReplacesOfNothing(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	alice, bob := pair(t)
	out, err := alice.Dial(ctx, bob.URI(), DialOptions{Replaces: "nothing;to-tag=a;from-tag=b"})
	must(t, err)
	wantStatus(t, out.WaitAnswered(ctx), 481)
}

func TestIdentities(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	carrier := newPhone(t, Config{User: "trunk"})
	bob := newPhone(t, Config{User: "bob"})
	out, err := carrier.Dial(ctx, bob.URI(), DialOptions{
		From: `"Žanis \"Z\" Bērziņš" <sip:+37120000001@carrier.example>`,
		PAI:  `"Company" <sip:+37160000000@carrier.example>`,
	})
	must(t, err)
	in, err := bob.WaitIncoming(ctx)
	must(t, err)
	if id := in.RemoteIdentity(); id.Name != "Company" || id.Number != "+37160000000" || id.Header != "P-Asserted-Identity" {
		t.Errorf("identity is %+v", id)
	}
	from, _ := readIdentity(&sip.Request{}, "From")
	if from.Number != "" {
		t.Errorf("identity out of nothing: %+v", from)
	}
	must(t, in.Answer(ctx))
	must(t, out.WaitAnswered(ctx))
	_, err = out.request(ctx, sip.UPDATE, "", "P-Asserted-Identity", `"Žanis \"Z\" Bērziņš" <tel:+37120000001;phone-context=x>`)
	must(t, err)
	must(t, in.WaitIdentity(ctx, func(id Identity) bool {
		return id.Name == `Žanis "Z" Bērziņš` && id.Number == "+37120000001"
	}))
	must(t, out.Hangup(ctx))

	out, err = carrier.Dial(ctx, bob.URI(), DialOptions{Anonymous: true})
	must(t, err)
	in, err = bob.WaitIncoming(ctx)
	must(t, err)
	if id := in.RemoteIdentity(); id.Number != "anonymous" || id.Privacy != "id" {
		t.Errorf("identity of an anonymous call is %+v", id)
	}
	must(t, out.Hangup(ctx))
}

// An INVITE without SDP gets its offer in the 200 and answers it in the ACK.
func TestLateOffer(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	alice, bob := pair(t)
	out, in := connect(t, alice, bob, DialOptions{NoOffer: true})
	must(t, out.HearsOnly(ctx, highTone))
	must(t, in.HearsOnly(ctx, lowTone))
	must(t, out.SendDTMF(ctx, "4"))
	must(t, in.WaitDigits(ctx, "4"))
}

// Both sides renegotiate at the same time: one gets 491 and comes again.
func TestGlare(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	alice, bob := pair(t)
	out, in := connect(t, alice, bob, DialOptions{})
	done := make(chan error, 2)
	go func() { done <- out.Reinvite(ctx, SendRecv) }()
	go func() { done <- in.Reinvite(ctx, SendRecv) }()
	must(t, <-done)
	must(t, <-done)
	must(t, out.HearsOnly(ctx, highTone))
	must(t, in.HearsOnly(ctx, lowTone))
}

func TestClosingHangsUp(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	alice, bob := pair(t)
	_, answered := connect(t, alice, bob, DialOptions{})
	_, err := alice.Dial(ctx, bob.URI(), DialOptions{})
	must(t, err)
	ringing, err := bob.WaitIncoming(ctx)
	must(t, err)
	must(t, alice.Close())
	must(t, answered.WaitEnded(ctx))
	must(t, ringing.WaitEnded(ctx))
	if !answered.EndReason().ByRemote || ringing.EndReason().Code != 487 {
		t.Errorf("ends: %+v, %+v", answered.EndReason(), ringing.EndReason())
	}
	if _, err := alice.Dial(ctx, bob.URI(), DialOptions{}); err == nil {
		t.Error("a closed phone dialled")
	}
}
