package engine

import "time"

// Source is one thing to play. Exactly one field is set.
type Source struct {
	// File is the absolute path of a WAV file (PCM 16 bit mono, 8 or 16 kHz) that
	// the engine can read.
	File string
	// Tone is a call-progress tone of Country, for the cases in which the phone does not make it itself.
	Tone Tone
	// Silence of this duration.
	Silence time.Duration
	// Frequencies and Duration make a plain tone: a beep, or a test signal.
	Beep *Beep
}

// Beep is a plain tone of one frequency in Hz.
type Beep struct {
	Hz       int
	Duration time.Duration
}

// Tone is a call-progress tone (ITU-T E.180, European cadences).
type Tone uint8

// Tones.
const (
	ToneRingback   Tone = iota + 1 // 425 Hz, 1 s on, 4 s off
	ToneBusy                       // 425 Hz, 0.5 s on, 0.5 s off
	ToneCongestion                 // 425 Hz, 0.25 s on, 0.25 s off
)

// Playback is what Play plays.
type Playback struct {
	ID      PlayID
	Sources []Source
	// Loop starts again after the last source until stopped.
	Loop bool
}

// RecordScope says what is recorded.
type RecordScope uint8

const (
	// RecordLeg: what the leg's phone says (a voicemail message).
	RecordLeg RecordScope = iota + 1
	// RecordMixed: the conversation, both directions in one channel.
	RecordMixed
	// RecordStereo: the leg's phone left, what it hears right.
	RecordStereo
)

// Recording is what Record records.
type Recording struct {
	ID    RecordID
	File  string // absolute path, ends in .wav
	Scope RecordScope
	// Max ends the recording; 0: no limit.
	Max time.Duration
	// Silence of this length at the end ends the recording (RecordLeg only); 0: never.
	Silence time.Duration
}
