package api

import (
	"context"
	"fmt"
	"net/http"
	"net/mail"
	"os"
	"path/filepath"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"callplane/dialplan"
	"callplane/store"
)

// VoicemailFiles are the audio of voicemail boxes and who is to be told of changes.
type VoicemailFiles struct {
	// Audio is the file of a message.
	Audio func(dialplan.AccountID, uuid.UUID) string
	// Changed is told that the messages of a box are others now, Removed that one is no longer in the database.
	Changed func(account dialplan.AccountID, box int64)
	Removed func(dialplan.AccountID, store.VoicemailMessage)
	// DropGreeting removes a welcome message that is no longer used.
	DropGreeting func(account dialplan.AccountID, name string)
}

// VoicemailConfig is what a voicemail extension has (EXT-VM-01 to 04).
type VoicemailConfig struct {
	PIN          string `json:"pin,omitempty" pattern:"^[0-9]{4}$" patternDescription:"4 digits" writeOnly:"true" doc:"Written only; left out: unchanged. Required for a new one; no series such as 1234 or 9876."`
	Language     string `json:"language,omitempty" enum:",en,nl,de,es,lv" doc:"Of the menu and the system's welcome message; empty: the account's."`
	Welcome      string `json:"welcome,omitempty" pattern:"^([a-z0-9][a-z0-9_.-]{0,99})?$" patternDescription:"a media key: lower-case letters, digits, _ . and -" doc:"Media key of the welcome message; empty: the system's. A change replaces what was recorded by telephone."`
	Recorded     bool   `json:"recorded,omitempty" readOnly:"true" doc:"A welcome message was recorded by telephone and is played."`
	User         string `json:"user,omitempty" pattern:"^([0-9]{2,5})?$" patternDescription:"the number of a user extension" doc:"Linked user: their phones show that there are messages, and they manage the box from a trusted device without its PIN."`
	Email        string `json:"email,omitempty" maxLength:"254" doc:"Is told of each message; empty: nobody."`
	AttachAudio  bool   `json:"attach_audio,omitempty" doc:"Send the message with the e-mail."`
	DeleteMailed bool   `json:"delete_mailed,omitempty" doc:"Delete a message when its e-mail has been sent; needs attach_audio."`
	SMS          string `json:"sms,omitempty" pattern:"^(\\+[1-9][0-9]{4,14})?$" patternDescription:"an E.164 number such as +31612345678" doc:"Is told of each message by SMS, which is charged to the account; empty: nobody."`
}

// UserVoicemail is the own voicemail box of a user (EXT-USR-02).
type UserVoicemail struct {
	PIN      string `json:"pin,omitempty" pattern:"^[0-9]{4}$" patternDescription:"4 digits" writeOnly:"true" doc:"Written only; left out: unchanged. No series such as 1234 or 9876."`
	Language string `json:"language,omitempty" enum:",en,nl,de,es,lv" doc:"Empty: the user's."`
	Ask      string `json:"ask" required:"false" enum:"untrusted,always,never" default:"untrusted" doc:"When the PIN is asked for. A device is trusted when the user is logged in on it and calls from where that was done, or from the account's list of addresses."`
	Recorded bool   `json:"recorded,omitempty" readOnly:"true" doc:"A welcome message was recorded by telephone and is played."`
}

// voicemailProblems are what one field alone can't tell.
func (e *ExtensionInput) voicemailProblems() []*huma.ErrorDetail {
	var errs []*huma.ErrorDetail
	badPIN := func(name, pin string) {
		if pin == "" {
			return
		}
		if why := dialplan.CheckVoicemailPIN(pin); why != "" {
			errs = append(errs, field(name, why))
		}
	}
	if v := e.Voicemail; v != nil {
		badPIN("voicemail.pin", v.PIN)
		if v.Email != "" {
			if a, err := mail.ParseAddress(v.Email); err != nil || a.Address != v.Email || a.Name != "" {
				errs = append(errs, field("voicemail.email", "must be an e-mail address such as reception@example.com"))
			}
		}
		switch {
		case v.DeleteMailed && v.Email == "":
			errs = append(errs, field("voicemail.email", "is required with delete_mailed"))
		case v.DeleteMailed && !v.AttachAudio:
			errs = append(errs, field("voicemail.attach_audio", "is required with delete_mailed: nobody could hear the message"))
		}
	}
	if e.User != nil {
		badPIN("user.voicemail.pin", e.User.Voicemail.PIN)
	}
	return errs
}

// voicemailCheck looks at what depends on the rest of the account.
func (e *ExtensionInput) voicemailCheck(a accountRules) []*huma.ErrorDetail {
	var errs []*huma.ErrorDetail
	if v := e.Voicemail; v != nil && v.User != "" && a.extensions[v.User] != dialplan.KindUser {
		errs = append(errs, field("voicemail.user", v.User+" is not a user extension"))
	}
	own := &dialplan.Account{Country: a.country}
	for _, d := range e.destinations() {
		if !own.OwnVoicemail(destination(a, d.value)) || a.extensions[d.value] != "" {
			continue
		}
		if e.User == nil {
			errs = append(errs, field(d.name, d.value+" is the personal voicemail, where only a user's forward leads to"))
		}
	}
	if e.User == nil {
		return errs
	}
	f := e.User.Forwards
	for _, l := range []struct {
		name string
		list []string
	}{{"always", f.Always}, {"busy", f.Busy}, {"no_answer", f.NoAnswer}, {"unreachable", f.Unreachable}, {"rejected", f.Rejected}} {
		for i, d := range l.list {
			if len(l.list) > 1 && own.OwnVoicemail(destination(a, d)) {
				errs = append(errs, field(fmt.Sprintf("user.forwards.%s[%d]", l.name, i), "the personal voicemail can't ring together with others"))
			}
		}
	}
	return errs
}

func (v *VoicemailConfig) config() *dialplan.Voicemail {
	return &dialplan.Voicemail{VoicemailBox: dialplan.VoicemailBox{PIN: v.PIN, Language: v.Language}, Welcome: v.Welcome, User: v.User,
		Email: v.Email, AttachAudio: v.AttachAudio, DeleteMailed: v.DeleteMailed, SMS: v.SMS}
}

func voicemailOf(v *dialplan.Voicemail) *VoicemailConfig {
	return &VoicemailConfig{Language: v.Language, Welcome: v.Welcome, Recorded: v.Greeting != "", User: v.User, Email: v.Email,
		AttachAudio: v.AttachAudio, DeleteMailed: v.DeleteMailed, SMS: v.SMS}
}

func (v UserVoicemail) config() dialplan.UserVoicemail {
	return dialplan.UserVoicemail{VoicemailBox: dialplan.VoicemailBox{PIN: v.PIN, Language: v.Language}, Ask: dialplan.VoicemailAsk(v.Ask)}
}

func userVoicemailOf(v dialplan.UserVoicemail) UserVoicemail {
	ask := v.Ask
	if ask == "" {
		ask = dialplan.AskUntrusted
	}
	return UserVoicemail{Language: v.Language, Ask: string(ask), Recorded: v.Greeting != ""}
}

// keepBox takes over from the old configuration what the new one does not name: the PIN, and the welcome
// message recorded by telephone. It tells what secret has changed.
func keepBox(old, next dialplan.ExtensionConfig) (changed []string) {
	keep := func(o, n *dialplan.VoicemailBox, name string) {
		switch {
		case n.PIN == "":
			n.PIN = o.PIN
		case n.PIN != o.PIN:
			changed = append(changed, name)
		}
		n.Greeting = o.Greeting
	}
	switch n := next.(type) {
	case *dialplan.User:
		if o, ok := old.(*dialplan.User); ok {
			keep(&o.Voicemail.VoicemailBox, &n.Voicemail.VoicemailBox, "voicemail.pin")
		}
	case *dialplan.Voicemail:
		if o, ok := old.(*dialplan.Voicemail); ok {
			keep(&o.VoicemailBox, &n.VoicemailBox, "pin")
			if o.Welcome != n.Welcome {
				n.Greeting = ""
			}
		}
	}
	return changed
}

// BoxPath is in the path of a voicemail box.
type BoxPath struct {
	AccountPath
	Box string `path:"box" pattern:"^[0-9]{2,5}$" patternDescription:"2 to 5 digits" doc:"Number of a voicemail extension, or of a user."`
}

// MessagePath is in the path of a message.
type MessagePath struct {
	BoxPath
	Message string `path:"message" format:"uuid" doc:"Id of the message."`
}

func (p MessagePath) message() (uuid.UUID, error) {
	id, err := uuid.Parse(p.Message)
	if err != nil {
		return id, problem(http.StatusUnprocessableEntity, "validation failed", &huma.ErrorDetail{Location: "path.message", Message: "must be a UUID"})
	}
	return id, nil
}

// Message is a voicemail message without its audio.
type Message struct {
	ID       uuid.UUID `json:"id" format:"uuid"`
	At       time.Time `json:"at"`
	Number   string    `json:"caller_number,omitempty" doc:"Not there: not known."`
	Name     string    `json:"caller_name,omitempty"`
	Duration float64   `json:"duration" doc:"Seconds."`
	Heard    bool      `json:"heard"`
}

func messageOf(m *store.VoicemailMessage) Message {
	return Message{ID: m.ID, At: m.At, Number: m.Number, Name: m.Name, Duration: m.Duration.Seconds(), Heard: m.Heard}
}

// MessageInput is what can be changed of a message.
type MessageInput struct {
	Heard bool `json:"heard"`
}

// Charge is what the account pays beside its calls.
type Charge struct {
	ID        int64     `json:"id"`
	At        time.Time `json:"at"`
	Kind      string    `json:"kind" doc:"sms"`
	Amount    string    `json:"amount" doc:"Decimal number."`
	Currency  string    `json:"currency" doc:"ISO 4217."`
	Detail    string    `json:"detail,omitempty"`
	Extension string    `json:"extension,omitempty" doc:"That is charged; not there: none of them."`
	Reference string    `json:"reference"`
}

func (s *server) voicemail(api huma.API) {
	const tag = "voicemail"
	const list, one = "/accounts/{account}/voicemail/{box}/messages", "/accounts/{account}/voicemail/{box}/messages/{message}"
	// A user may do all of it with the own box, and with those of voicemail extensions linked to them.
	mine := func(o huma.Operation) huma.Operation { return also(o, store.RoleUser) }
	register(s, api, scopeAccount, mine(op("list-messages", http.MethodGet, list, tag, "List the messages of a box, the newest first")), s.listMessages)
	register(s, api, scopeAccount, mine(op("get-message-audio", http.MethodGet, one+"/audio", tag, "Download a message as WAV")), s.getMessageAudio)
	register(s, api, scopeAccount, mine(op("update-message", http.MethodPut, one, tag, "Mark a message as heard or new")), s.updateMessage)
	register(s, api, scopeAccount, mine(op("delete-message", http.MethodDelete, one, tag, "Delete a message")), s.deleteMessage)
	register(s, api, scopeAccount, mine(op("delete-greeting", http.MethodDelete, "/accounts/{account}/voicemail/{box}/greeting", tag,
		"Forget the welcome message that was recorded by telephone")), s.deleteGreeting)
	register(s, api, scopeAccount, op("list-charges", http.MethodGet, "/accounts/{account}/charges", "calls", "List what is charged beside calls, the newest first"), s.listCharges)
}

// ownBox lets a user into the own box and those that are linked to them; others are not found. Everybody else
// who has got here sees all.
func ownBox(ctx context.Context, tx *store.Tx, box string) error {
	p := who(ctx)
	if p.role != store.RoleUser || box == p.user {
		return nil
	}
	e, err := tx.ReadExtension(ctx, box)
	if err != nil {
		return err
	}
	if v, ok := e.Config.(*dialplan.Voicemail); ok && v.User == p.user && p.user != "" {
		return nil
	}
	return &store.NotFound{Entity: "voicemail box", Key: box}
}

func (s *server) listMessages(ctx context.Context, in *struct {
	BoxPath
	PageQuery
}) (*PageOutput[Message], error) {
	p, err := in.page()
	if err != nil {
		return nil, err
	}
	var out *PageOutput[Message]
	err = s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		if err := ownBox(ctx, tx, in.Box); err != nil {
			return err
		}
		rows, total, err := tx.ListVoicemail(ctx, in.Box, p)
		out = answerPage(rows, total, p, messageOf)
		return err
	})
	return out, err
}

// Audio is the answer with a file.
type Audio struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

func (s *server) getMessageAudio(ctx context.Context, in *MessagePath) (*Audio, error) {
	id, err := in.message()
	if err != nil {
		return nil, err
	}
	var m *store.VoicemailMessage
	err = s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) (err error) {
		if err := ownBox(ctx, tx, in.Box); err != nil {
			return err
		}
		m, err = tx.ReadVoicemail(ctx, in.Box, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	if s.cfg.Voicemail.Audio == nil {
		return nil, problem(http.StatusNotFound, "the audio of the message is not here")
	}
	wav, err := os.ReadFile(filepath.Clean(s.cfg.Voicemail.Audio(in.id(), m.ID)))
	if err != nil {
		s.log.Error("audio of a voicemail message", "error", err)
		return nil, problem(http.StatusNotFound, "the audio of the message is not here")
	}
	name := in.Box + "-" + m.At.UTC().Format("20060102-150405") + ".wav"
	return &Audio{ContentType: "audio/wav", Disposition: `attachment; filename="` + name + `"`, Body: wav}, nil
}

func (s *server) updateMessage(ctx context.Context, in *struct {
	MessagePath
	Body MessageInput
}) (*struct{ Body Message }, error) {
	id, err := in.message()
	if err != nil {
		return nil, err
	}
	out := &struct{ Body Message }{}
	var box int64
	err = s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		if err := ownBox(ctx, tx, in.Box); err != nil {
			return err
		}
		m, err := tx.ReadVoicemail(ctx, in.Box, id)
		if err != nil {
			return err
		}
		before := messageOf(m)
		if err := tx.UpdateVoicemail(ctx, id, in.Body.Heard); err != nil {
			return err
		}
		m.Heard, box = in.Body.Heard, m.Box
		out.Body = messageOf(m)
		return s.record(ctx, tx, in.id(), actionUpdate, "message", in.Box+" "+id.String(), before, out.Body)
	})
	if err == nil && s.cfg.Voicemail.Changed != nil {
		s.cfg.Voicemail.Changed(in.id(), box)
	}
	return out, err
}

func (s *server) deleteMessage(ctx context.Context, in *MessagePath) (*Empty, error) {
	id, err := in.message()
	if err != nil {
		return nil, err
	}
	var m *store.VoicemailMessage
	err = s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) (err error) {
		if err := ownBox(ctx, tx, in.Box); err != nil {
			return err
		}
		if m, err = tx.ReadVoicemail(ctx, in.Box, id); err != nil {
			return err
		}
		if err := tx.RemoveVoicemail(ctx, id); err != nil {
			return err
		}
		return s.record(ctx, tx, in.id(), actionDelete, "message", in.Box+" "+id.String(), messageOf(m), nil)
	})
	if err == nil && s.cfg.Voicemail.Removed != nil {
		s.cfg.Voicemail.Removed(in.id(), *m)
	}
	return &Empty{}, err
}

func (s *server) deleteGreeting(ctx context.Context, in *BoxPath) (*Empty, error) {
	var old string
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		e, err := tx.ReadExtension(ctx, in.Box)
		if err != nil {
			return err
		}
		if err := ownBox(ctx, tx, in.Box); err != nil {
			return err
		}
		before := extensionOf(e)
		switch c := e.Config.(type) {
		case *dialplan.Voicemail:
			old, c.Greeting = c.Greeting, ""
		case *dialplan.User:
			old, c.Voicemail.Greeting = c.Voicemail.Greeting, ""
		default:
			return &store.NotFound{Entity: "voicemail box", Key: in.Box}
		}
		if err := tx.UpdateExtension(ctx, in.Box, e); err != nil {
			return err
		}
		return s.record(ctx, tx, in.id(), actionUpdate, "extension", in.Box, before, extensionOf(e))
	})
	if err == nil && s.cfg.Voicemail.DropGreeting != nil {
		s.cfg.Voicemail.DropGreeting(in.id(), old)
	}
	return &Empty{}, err
}

func (s *server) listCharges(ctx context.Context, in *struct {
	AccountPath
	PageQuery
}) (*struct{ Body Feed[Charge] }, error) {
	before, err := in.row()
	if err != nil {
		return nil, err
	}
	out := &struct{ Body Feed[Charge] }{}
	return out, s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		rows, err := tx.ListCharges(ctx, before, in.Limit+1)
		out.Body = feed(rows, in.Limit, func(c *store.Charge) string { return itoa(c.ID) }, func(c *store.Charge) Charge { return Charge(*c) })
		return err
	})
}
