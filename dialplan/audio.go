package dialplan

import "time"

// Audio is a recording of an account, made at a phone (SYS-905) or uploaded (FAC-AUD-01). What plays it refers to it by its
// key in Account.Audio.
type Audio struct {
	Name string
	// File is the key of its file in the media library; empty: that of the recording.
	File     string
	Duration time.Duration
}

// AudioField is a place in the configuration of an extension where a recording may be named.
type AudioField struct {
	Name string // as in the API, for example announcement
	Key  *string
}

// PlaysAudio is a configuration that plays recordings.
type PlaysAudio interface {
	ExtensionConfig
	// AudioFields are the places for them, the usual one first.
	AudioFields() []AudioField
}

// AudioFields implements PlaysAudio.
func (m *IVR) AudioFields() []AudioField { return []AudioField{{"announcement", &m.Announcement}} }

// AudioFields implements PlaysAudio.
func (a *AutoAnswer) AudioFields() []AudioField {
	return []AudioField{{"announcement", &a.Announcement}}
}

// AudioFields implements PlaysAudio.
func (l *LocationRoute) AudioFields() []AudioField {
	return []AudioField{{"announcement", &l.Announcement}}
}

// AudioFields implements PlaysAudio.
func (p *Picker) AudioFields() []AudioField { return []AudioField{{"announcement", &p.Announcement}} }

// AudioFields implements PlaysAudio.
func (a *Authentication) AudioFields() []AudioField {
	return []AudioField{{"welcome", &a.Welcome}, {"failed", &a.Failed}}
}

// AudioFields implements PlaysAudio.
func (q *Queue) AudioFields() []AudioField { return []AudioField{{"introduction", &q.Introduction}} }

// AudioFields implements PlaysAudio.
func (v *Voicemail) AudioFields() []AudioField { return []AudioField{{"welcome", &v.Welcome}} }

// AudioFile is the key in the media library of what is played for key: the file of the account's recording, else
// key itself, a system prompt.
func (a *Account) AudioFile(key string) string {
	if r, ok := a.Audio[key]; ok && r.File != "" {
		return r.File
	}
	return key
}

// MusicFor are the keys of the recordings that somebody hears who is on hold, one after the other: those of
// the extension, else the account's; none: the system's music (FAC-MOH-01).
func (a *Account) MusicFor(extension string) []string {
	if list := a.HoldMusic[extension]; len(list) > 0 {
		return list
	}
	return a.HoldMusic[""]
}

// MaxAudioDigits is how long the number may be under which a recording is saved at a phone.
const MaxAudioDigits = 6

// MatchAudioNumber says what digits are as the number of a recording: # ends it.
func MatchAudioNumber(digits string) MenuMatch {
	switch {
	case !allDigits(digits) || len(digits) > MaxAudioDigits:
		return MenuInvalid
	case len(digits) == MaxAudioDigits:
		return MenuExact
	}
	return MenuAmbiguous
}

// Keys after a recording at the phone.
const (
	AudioListen = "1"
	AudioAgain  = "2"
	AudioSave   = "3"
)

// OneOf matches one of single keys.
func OneOf(keys string) func(digits string) MenuMatch {
	return func(digits string) MenuMatch {
		if len(digits) == 1 {
			for i := range len(keys) {
				if keys[i] == digits[0] {
					return MenuExact
				}
			}
		}
		return MenuInvalid
	}
}
