package conformance

import (
	"context"
	"flag"
	"os"
	"testing"
	"testing/synctest"
)

// A testCase holds on every engine.
type testCase struct {
	name string
	run  func(*testing.T, *World)
	// alone: the case cuts connections or kills the engine, so no other may run beside it.
	alone bool
}

// TestMain lets more cases run side by side than there are processors: they mostly wait.
func TestMain(m *testing.M) {
	flag.Parse()
	if f := flag.Lookup("test.parallel"); f.Value.String() == f.DefValue {
		_ = flag.Set("test.parallel", "6")
	}
	os.Exit(m.Run())
}

func TestConformance(t *testing.T) {
	t.Run("sim", func(t *testing.T) {
		for _, c := range cases() {
			t.Run(c.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					b := OpenSim(t.TempDir())
					defer b.Close()
					h, err := newHub(b)
					ok(t, err)
					defer func() { ok(t, h.stop()) }()
					run(t, h, c.run)
					none(t, h)
				})
			})
		}
	})
	// One after the other: together they would be too much for two processors.
	t.Run("asterisk", func(t *testing.T) { runReal(t, OpenAsterisk) })
	t.Run("freeswitch", func(t *testing.T) { runReal(t, OpenFreeSWITCH) })
}

// cases is the table.
func cases() []testCase {
	return []testCase{
		{name: "answer-phone-hangs-up", run: answerPhoneHangsUp},
		{name: "answer-we-hang-up", run: answerWeHangUp},
		{name: "answer-twice", run: answerTwice},
		{name: "ring", run: ring},
		{name: "early-media", run: earlyMedia},
		{name: "refuse-causes", run: refuseCauses},
		{name: "refuse-without-sink", run: refuseWithoutSink},
		{name: "caller-cancels", run: callerCancels},
		{name: "caller-cancels-in-early-media", run: callerCancelsInEarlyMedia},
		{name: "answer-crosses-cancel", run: answerCrossesCancel},
		{name: "many-at-once", run: manyAtOnce},
		{name: "leg-info", run: legInfo},
		{name: "unicode-names", run: unicodeNames},
		{name: "long-number", run: longNumber},

		{name: "play-to-end", run: playToEnd},
		{name: "play-sequence", run: playSequence},
		{name: "play-barge-in", run: playBargeIn},
		{name: "play-replaces", run: playReplaces},
		{name: "play-missing-file", run: playMissingFile},
		{name: "play-missing-file-later", run: playMissingFileLater},
		{name: "play-before-media", run: playBeforeMedia},
		{name: "play-loop", run: playLoop},
		{name: "play-silence", run: playSilence},
		{name: "play-tones", run: playTones},
		{name: "play-beep", run: playBeep},
		{name: "stop-play-of-another", run: stopPlayOfAnother},

		{name: "record-leg", run: recordLeg},
		{name: "record-max", run: recordMax},
		{name: "record-silence", run: recordSilence},
		{name: "record-mixed", run: recordMixed},
		{name: "record-stereo", run: recordStereo},
		{name: "record-nowhere", run: recordNowhere},

		{name: "dtmf-rfc4733", run: dtmfRFC4733},
		{name: "dtmf-info", run: dtmfINFO},
		{name: "dtmf-across-zero", run: dtmfAcrossZero},
		{name: "dtmf-while-playing", run: dtmfWhilePlaying},
		{name: "dtmf-bridged", run: dtmfBridged},
		{name: "dtmf-mixed", run: dtmfMixed},
		{name: "dtmf-send", run: dtmfSend},

		{name: "originate-answered", run: originateAnswered},
		{name: "originate-headers", run: originateHeaders},
		{name: "originate-anonymous", run: originateAnonymous},
		{name: "originate-refused", run: originateRefused},
		{name: "originate-no-answer", run: originateNoAnswer},
		{name: "originate-not-registered", run: originateNotRegistered},
		{name: "originate-no-response", run: originateNoResponse},
		{name: "originate-redirected", run: originateRedirected},
		{name: "originate-same-id", run: originateSameID},
		{name: "originate-loser-cancelled", run: originateLoserCancelled},
		{name: "originate-two-contacts", run: originateTwoContacts},
		{name: "originate-two-contacts-refuse", run: originateTwoContactsRefuse},
		{name: "originate-secure", run: originateSecure},
		{name: "originate-uri", run: originateURI},
		{name: "cancel-before-ring", run: cancelBeforeRing},
		{name: "cancel-at-once", run: cancelAtOnce},
		{name: "cancel-ringing", run: cancelRinging},
		{name: "cancel-crosses-answer", run: cancelCrossesAnswer},
		{name: "callee-early-media", run: calleeEarlyMedia},

		{name: "bridge", run: bridge},
		{name: "bridge-with-early-media", run: bridgeWithEarlyMedia},
		{name: "bridge-before-media", run: bridgeBeforeMedia},
		{name: "bridge-ends-playback", run: bridgeEndsPlayback},
		{name: "unbridge-rebridge-hold-music", run: rebridgeHoldMusic},
		{name: "bridge-one-side-hangs-up", run: bridgeOneSideHangsUp},
		{name: "bridge-moves", run: bridgeMoves},
		{name: "mix-three", run: mixThree},
		{name: "mix-to-bridge", run: mixToBridge},
		{name: "mix-unanswered", run: mixUnanswered},
		{name: "listen-whisper-barge", run: listenWhisperBarge},
		{name: "listen-ends-with-target", run: listenEndsWithTarget},
		{name: "listen-on-lone-leg", run: listenOnLoneLeg},

		{name: "hangup-while-playing", run: hangupWhilePlaying},
		{name: "hangup-while-recording", run: hangupWhileRecording},
		{name: "hangup-while-originating", run: hangupWhileOriginating},
		{name: "hangup-while-bridging", run: hangupWhileBridging},
		{name: "hangup-in-mix", run: hangupInMix},
		{name: "hangup-while-listening", run: hangupWhileListening},

		{name: "caller-id-before-answer", run: callerIDBeforeAnswer},
		{name: "caller-id-during-call", run: callerIDDuringCall},
		{name: "hold", run: hold},
		{name: "hold-music", run: holdMusic},
		{name: "hold-music-at-hangup", run: holdMusicAtHangup},
		{name: "hold-music-at-transfer", run: holdMusicAtTransfer},
		{name: "blind-transfer", run: blindTransfer},
		{name: "blind-transfer-without-peer", run: blindTransferWithoutPeer},
		{name: "attended-transfer", run: attendedTransfer},
		{name: "attended-transfer-to-ringing", run: attendedTransferToRinging},

		{name: "ended-leg", run: endedLeg},
		{name: "unknown-leg", run: unknownLeg},
		{name: "line-breaks", run: lineBreaks},
		{name: "invalid-arguments", run: invalidArguments},
		{name: "expired-context", run: expiredContext},

		{name: "registration", run: registration},
		{name: "registration-wrong-password", run: registrationWrongPassword},
		{name: "registration-unknown-user", run: registrationUnknownUser},
		{name: "call-wrong-password", run: callWrongPassword},
		{name: "blocked-address", run: blockedAddress},
		{name: "notify", run: notify},
		{name: "lamp", run: lamp},

		{name: "trunk-call-out", run: trunkCallOut},
		{name: "trunk-call-in", run: trunkCallIn},
		{name: "trunk-failover-causes", run: trunkFailoverCauses},
		{name: "trunk-credentials", run: trunkCredentials},

		{name: "checkpoint", run: checkpoint, alone: true},
		{name: "connection-lost", run: connectionLost, alone: true},
		{name: "connection-flaps", run: connectionFlaps, alone: true},
		{name: "engine-restart", run: engineRestart, alone: true},
	}
}

// none fails if the engine still has channels.
func none(t *testing.T, h *hub) {
	t.Helper()
	w := &World{hub: h, Backend: h.b, Ctx: context.WithoutCancel(t.Context())} // it has ended in a clean-up
	w.do(t, w.nothingLeft)
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.strays {
		t.Error(s)
	}
}
