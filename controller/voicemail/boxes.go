// Package voicemail keeps what is left in voicemail boxes: audio as files, what is known of it in the
// database. It tells of new messages by e-mail and SMS and lights the lamps of phones.
//
//	<dir>/<account>/<message>.wav    audio of a message
//	<dir>/<account>/<message>.json   beside it until the message is in the database
//	<dir>/<account>/greeting-….wav   a welcome message recorded by telephone
package voicemail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"callplane/controller/engine"
	"callplane/dialplan"
	"callplane/media"
	"callplane/store"
)

// Store keeps messages: *store.DB, or the memory of a test. Its methods are documented there.
type Store interface {
	AddVoicemail(ctx context.Context, account dialplan.AccountID, m store.VoicemailMessage, notices []store.Notice) error
	VoicemailMessages(ctx context.Context, account dialplan.AccountID, box int64) ([]store.VoicemailMessage, error)
	CountVoicemail(ctx context.Context, account dialplan.AccountID, boxes []int64) (unheard, heard int, err error)
	SetVoicemailHeard(ctx context.Context, account dialplan.AccountID, id uuid.UUID, heard bool) error
	DeleteVoicemail(ctx context.Context, account dialplan.AccountID, id uuid.UUID) error
	ChangeVoicemail(ctx context.Context, account dialplan.AccountID, number, by string, c store.VoicemailChange) error
}

// Config of Boxes. Dir, Store, Accounts and Log are required.
type Config struct {
	// Dir is an absolute folder that the engines write, too.
	Dir      string
	Store    Store
	Accounts func(dialplan.AccountID) *dialplan.Account
	Log      *slog.Logger
	// Collect has an engine complete the file of a message whose controller ended in the middle (engine.Engine's Collect); nil:
	// files are where they were asked for.
	Collect func(ctx context.Context, engineName string, r engine.Recording) error
	// Max is the longest message, 0: 5 minutes; Silence of this length ends one, 0: 5 s.
	Max, Silence time.Duration
	// Lamps are told of changes; nil: there are none.
	Lamps *Lamps
	// Added is called after a message with notices was kept; nil: nobody waits for it.
	Added func()
}

// Boxes are all voicemail boxes. Its methods may be called from any goroutine.
type Boxes struct {
	cfg Config

	mu   sync.Mutex
	open map[uuid.UUID]bool // drafts whose call goes on in this process
}

// New returns boxes over what is in the folder and the database.
func New(cfg Config) *Boxes {
	if cfg.Max == 0 {
		cfg.Max = 5 * time.Minute
	}
	if cfg.Silence == 0 {
		cfg.Silence = 5 * time.Second
	}
	return &Boxes{cfg: cfg, open: make(map[uuid.UUID]bool)}
}

// Limits of a message: the longest, and the silence that ends it.
func (b *Boxes) Limits() (longest, silence time.Duration) { return b.cfg.Max, b.cfg.Silence }

// leastSpeech is what a message must have of sound to be one.
const leastSpeech = 300 * time.Millisecond

// Draft is a message that is being recorded to File.
type Draft struct {
	File    string             `json:"-"`
	ID      uuid.UUID          `json:"id"`
	Account dialplan.AccountID `json:"account"`
	Box     int64              `json:"box"`
	At      time.Time          `json:"at"`
	Engine  string             `json:"engine,omitempty"` // that records it
	Number  string             `json:"number,omitempty"`
	Name    string             `json:"name,omitempty"`
}

// Recording is what the engine is asked for.
func (d *Draft) Recording() engine.Recording {
	return engine.Recording{ID: engine.RecordID(d.ID.String()), File: d.File, Scope: engine.RecordLeg}
}

// Begin prepares the recording of a message by an engine. What is known of it is written beside the audio, so that it is
// not lost when this process ends in the middle.
func (b *Boxes) Begin(account dialplan.AccountID, box int64, engineName, number, name string) (*Draft, error) {
	d := &Draft{ID: uuid.New(), Account: account, Box: box, At: time.Now(), Engine: engineName, Number: clip(number, 100), Name: clip(name, 200)}
	d.File = b.file(account, d.ID.String())
	if err := os.MkdirAll(filepath.Dir(d.File), 0o770); err != nil {
		return nil, fmt.Errorf("begin message: %w", err)
	}
	note, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("begin message: %w", err)
	}
	b.hold(d.ID, true)
	if err := writeWhole(noteOf(d.File), note); err != nil {
		b.hold(d.ID, false)
		return nil, fmt.Errorf("begin message: %w", err)
	}
	return d, nil
}

func clip(s string, n int) string {
	if len(s) > n {
		s = strings.ToValidUTF8(s[:n], "")
	}
	return s
}

func (b *Boxes) hold(id uuid.UUID, held bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if held {
		b.open[id] = true
	} else {
		delete(b.open, id)
	}
}

// Keep makes a message of a draft whose recording has ended; an empty one is dropped. When the database is away the
// message is kept all the same and gets there later (Run).
func (b *Boxes) Keep(ctx context.Context, d *Draft) (kept bool, err error) {
	defer b.hold(d.ID, false)
	// The caller may have gone, the message stays.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	length, spoken, err := media.Speech(d.File)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		b.cfg.Log.Warn("a voicemail message can't be read and is dropped", "file", d.File, "error", err)
	}
	if err != nil || spoken < leastSpeech {
		return false, b.drop(d)
	}
	m := store.VoicemailMessage{ID: d.ID, Box: d.Box, At: d.At, Number: d.Number, Name: d.Name, Duration: length}
	notices := b.notices(d.Account, d.Box)
	err = b.cfg.Store.AddVoicemail(ctx, d.Account, m, notices)
	var gone *store.Invalid
	switch {
	case errors.As(err, &gone):
		b.cfg.Log.Warn("a voicemail message is dropped: its box is gone", "account", d.Account, "box", d.Box)
		return false, b.drop(d)
	case err != nil:
		b.cfg.Log.Error("a voicemail message waits for the database", "file", d.File, "error", err)
		return true, nil
	}
	if err := os.Remove(noteOf(d.File)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		b.cfg.Log.Error("note of a voicemail message stays", "error", err) // it is added once only
	}
	b.Changed(d.Account, d.Box)
	if len(notices) > 0 && b.cfg.Added != nil {
		b.cfg.Added()
	}
	return true, nil
}

// drop forgets a draft.
func (b *Boxes) drop(d *Draft) error {
	err := os.Remove(d.File)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err := errors.Join(err, os.Remove(noteOf(d.File))); err != nil {
		return fmt.Errorf("drop message: %w", err)
	}
	return nil
}

// notices that a box asks for.
func (b *Boxes) notices(account dialplan.AccountID, box int64) []store.Notice {
	var all []store.Notice
	a := b.cfg.Accounts(account)
	if a == nil {
		return nil
	}
	for _, e := range a.Extensions {
		v, ok := e.Config.(*dialplan.Voicemail)
		if !ok || e.ID != box {
			continue
		}
		if v.Email != "" {
			all = append(all, store.Notice{ID: uuid.New(), Kind: store.NoticeEmail, To: v.Email, Attach: v.AttachAudio, Delete: v.DeleteMailed})
		}
		if v.SMS != "" {
			all = append(all, store.Notice{ID: uuid.New(), Kind: store.NoticeSMS, To: v.SMS})
		}
	}
	return all
}

// Messages of a box, the oldest first.
func (b *Boxes) Messages(ctx context.Context, account dialplan.AccountID, box int64) ([]store.VoicemailMessage, error) {
	return b.cfg.Store.VoicemailMessages(ctx, account, box)
}

// Heard notes that a message has been heard.
func (b *Boxes) Heard(ctx context.Context, account dialplan.AccountID, m store.VoicemailMessage) error {
	if m.Heard {
		return nil
	}
	err := b.cfg.Store.SetVoicemailHeard(ctx, account, m.ID, true)
	if err == nil {
		b.Changed(account, m.Box)
	}
	return err
}

// Delete removes a message with its audio.
func (b *Boxes) Delete(ctx context.Context, account dialplan.AccountID, m store.VoicemailMessage) error {
	if err := b.cfg.Store.DeleteVoicemail(ctx, account, m.ID); err != nil {
		return err
	}
	b.Removed(account, m)
	return nil
}

// Removed removes the audio of a message that is no longer in the database.
func (b *Boxes) Removed(account dialplan.AccountID, m store.VoicemailMessage) {
	if err := os.Remove(b.Audio(account, m.ID)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		b.cfg.Log.Error("audio of a deleted voicemail message stays", "error", err)
	}
	b.Changed(account, m.Box)
}

// Changed tells the lamps that the messages of a box are others now.
func (b *Boxes) Changed(account dialplan.AccountID, box int64) {
	if b.cfg.Lamps != nil {
		b.cfg.Lamps.changed(account, box)
	}
}

// Audio is the file of a message.
func (b *Boxes) Audio(account dialplan.AccountID, id uuid.UUID) string {
	return b.file(account, id.String())
}

// NewGreeting is the name and file of a welcome message that is going to be recorded.
func (b *Boxes) NewGreeting(account dialplan.AccountID) (name, file string, err error) {
	name = "greeting-" + uuid.NewString()
	file = b.file(account, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o770); err != nil {
		return "", "", fmt.Errorf("record welcome message: %w", err)
	}
	return name, file, nil
}

// Greeting is the file of a recorded welcome message; ok is false when there is none.
func (b *Boxes) Greeting(account dialplan.AccountID, name string) (file string, ok bool) {
	if name == "" || filepath.Base(name) != name {
		return "", false
	}
	file = b.file(account, name)
	st, err := os.Stat(file)
	return file, err == nil && st.Size() > 44
}

// DropGreeting removes a welcome message that is no longer used.
func (b *Boxes) DropGreeting(account dialplan.AccountID, name string) {
	if file, ok := b.Greeting(account, name); ok {
		if err := os.Remove(file); err != nil {
			b.cfg.Log.Error("an old welcome message stays", "error", err)
		}
	}
}

// Change changes a box; by says who does it, for the audit log.
func (b *Boxes) Change(ctx context.Context, account dialplan.AccountID, number, by string, c store.VoicemailChange) error {
	return b.cfg.Store.ChangeVoicemail(ctx, account, number, by, c)
}

func (b *Boxes) file(account dialplan.AccountID, name string) string {
	return filepath.Join(b.cfg.Dir, strconv.FormatInt(int64(account), 10), name+".wav")
}

func noteOf(wav string) string { return strings.TrimSuffix(wav, ".wav") + ".json" }

// writeWhole makes a file that is there as a whole or not at all.
func writeWhole(path string, data []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".note-")
	if err != nil {
		return err
	}
	_, err = tmp.Write(data)
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		_ = os.Remove(tmp.Name())
	}
	return err
}

// Spoken tells whether somebody is heard in a recording.
func (b *Boxes) Spoken(file string) bool {
	_, spoken, err := media.Speech(file)
	return err == nil && spoken >= leastSpeech
}
