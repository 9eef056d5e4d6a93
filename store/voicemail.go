package store

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"callplane/dialplan"
)

const selectVoicemails = `SELECT e.account_id, e.id, e.number, e.name, v.pin, v.language, v.greeting, coalesce(v.welcome, ''), coalesce(u.number, ''),
	v.email, v.attach_audio, v.delete_mailed, v.sms
	FROM extensions e JOIN ext_voicemail v ON v.id = e.id AND v.account_id = e.account_id
	LEFT JOIN extensions u ON u.id = v.user_id AND u.account_id = v.account_id`

func (l *loader) voicemail(rows pgx.Rows) error {
	var account dialplan.AccountID
	e, v := new(dialplan.Extension), new(dialplan.Voicemail)
	err := rows.Scan(&account, &e.ID, &e.Number, &e.Name, &v.PIN, &v.Language, &v.Greeting, &v.Welcome, &v.User,
		&v.Email, &v.AttachAudio, &v.DeleteMailed, &v.SMS)
	if err != nil {
		return err
	}
	return l.extension(account, e, v)
}

func (tx *Tx) writeVoicemail(ctx context.Context, account dialplan.AccountID, e *dialplan.Extension, v *dialplan.Voicemail) error {
	user, err := tx.user(ctx, account, "user", v.User)
	if err != nil {
		return err
	}
	_, err = tx.tx.Exec(ctx, `INSERT INTO ext_voicemail (id, account_id, pin, language, greeting, welcome, user_id, email, attach_audio, delete_mailed, sms)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (id) DO UPDATE SET pin = $3, language = $4, greeting = $5, welcome = $6, user_id = $7, email = $8, attach_audio = $9,
			delete_mailed = $10, sms = $11`,
		e.ID, account, v.PIN, v.Language, v.Greeting, nullable(v.Welcome), user, v.Email, v.AttachAudio, v.DeleteMailed, v.SMS)
	return mapError("write voicemail extension", err)
}

func (tx *Tx) writeUserVoicemail(ctx context.Context, account dialplan.AccountID, user int64, v *dialplan.UserVoicemail) error {
	ask := v.Ask
	if ask == "" {
		ask = dialplan.AskUntrusted
	}
	if v.VoicemailBox == (dialplan.VoicemailBox{}) && ask == dialplan.AskUntrusted {
		_, err := tx.tx.Exec(ctx, `DELETE FROM user_voicemail WHERE account_id = $1 AND user_id = $2`, account, user)
		return mapError("write voicemail of a user", err)
	}
	_, err := tx.tx.Exec(ctx, `INSERT INTO user_voicemail (account_id, user_id, pin, language, greeting, ask) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (account_id, user_id) DO UPDATE SET pin = $3, language = $4, greeting = $5, ask = $6`,
		account, user, v.PIN, v.Language, v.Greeting, ask)
	return mapError("write voicemail of a user", err)
}

// VoicemailMessage is a message in a box. Its audio is a file of the media library.
type VoicemailMessage struct {
	ID       uuid.UUID
	Box      int64 // id of the extension: voicemail, or a user's for the own box
	At       time.Time
	Number   string // of the caller: E.164 or an extension; empty: not known
	Name     string
	Duration time.Duration
	Heard    bool
}

// AddVoicemail keeps a message and queues the notices that its box asks for, in one
// transaction. A message that is there already changes nothing and is no error.
func (db *DB) AddVoicemail(ctx context.Context, account dialplan.AccountID, m VoicemailMessage, notices []Notice) error {
	return db.Account(ctx, account, func(tx *Tx) error {
		tag, err := tx.tx.Exec(ctx, `INSERT INTO voicemail_messages (id, account_id, box_id, at, caller_number, caller_name, duration_ms)
			VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING`, m.ID, account, m.Box, m.At, m.Number, m.Name, millis(m.Duration))
		if err != nil || tag.RowsAffected() == 0 {
			return mapError("keep message", err)
		}
		for _, n := range notices {
			_, err := tx.tx.Exec(ctx, `INSERT INTO notices (id, account_id, kind, recipient, message_id, attach, delete, due)
				VALUES ($1, $2, $3, $4, $5, $6, $7, now())`, n.ID, account, n.Kind, n.To, m.ID, n.Attach, n.Delete)
			if err != nil {
				return mapError("queue notice", err)
			}
		}
		return nil
	})
}

const selectMessages = `SELECT id, box_id, at, caller_number, caller_name, duration_ms, heard FROM voicemail_messages`

func scanMessage(rows pgx.Rows, m *VoicemailMessage) error {
	var ms int64
	err := rows.Scan(&m.ID, &m.Box, &m.At, &m.Number, &m.Name, &ms, &m.Heard)
	m.Duration = time.Duration(ms) * time.Millisecond
	return err
}

// VoicemailMessages are all messages of a box, the oldest first.
func (db *DB) VoicemailMessages(ctx context.Context, account dialplan.AccountID, box int64) (all []VoicemailMessage, err error) {
	err = db.Account(ctx, account, func(tx *Tx) error {
		rows, err := tx.tx.Query(ctx, selectMessages+` WHERE account_id = $1 AND box_id = $2 ORDER BY at, id`, account, box)
		all, err = collect(rows, err, "messages", scanMessage)
		return err
	})
	return all, err
}

// CountVoicemail counts the messages of boxes that nobody has heard, and the others.
func (db *DB) CountVoicemail(ctx context.Context, account dialplan.AccountID, boxes []int64) (unheard, heard int, err error) {
	err = db.Account(ctx, account, func(tx *Tx) error {
		err := tx.tx.QueryRow(ctx, `SELECT count(*) FILTER (WHERE NOT heard), count(*) FILTER (WHERE heard)
			FROM voicemail_messages WHERE account_id = $1 AND box_id = ANY($2)`, account, boxes).Scan(&unheard, &heard)
		return mapError("count messages", err)
	})
	return unheard, heard, err
}

// BoxCount is how many messages a box has.
type BoxCount struct{ Unheard, Heard int }

// CountVoicemail counts the messages of each of the account's boxes that has any, by the id of the extension.
func (tx *Tx) CountVoicemail(ctx context.Context) (map[int64]BoxCount, error) {
	account, err := tx.own()
	if err != nil {
		return nil, err
	}
	rows, err := tx.tx.Query(ctx, `SELECT box_id, count(*) FILTER (WHERE NOT heard), count(*) FILTER (WHERE heard)
		FROM voicemail_messages WHERE account_id = $1 GROUP BY box_id`, account)
	type line struct {
		box int64
		n   BoxCount
	}
	list, err := collect(rows, err, "boxes", func(rows pgx.Rows, l *line) error { return rows.Scan(&l.box, &l.n.Unheard, &l.n.Heard) })
	out := make(map[int64]BoxCount, len(list))
	for _, l := range list {
		out[l.box] = l.n
	}
	return out, err
}

// SetVoicemailHeard says whether a message has been heard. One that is gone is no error.
func (db *DB) SetVoicemailHeard(ctx context.Context, account dialplan.AccountID, id uuid.UUID, heard bool) error {
	return db.Account(ctx, account, func(tx *Tx) error {
		_, err := tx.tx.Exec(ctx, `UPDATE voicemail_messages SET heard = $3 WHERE account_id = $1 AND id = $2`, account, id, heard)
		return mapError("mark message", err)
	})
}

// DeleteVoicemail removes a message; the caller removes its file. One that is gone is no error.
func (db *DB) DeleteVoicemail(ctx context.Context, account dialplan.AccountID, id uuid.UUID) error {
	return db.Account(ctx, account, func(tx *Tx) error {
		_, err := tx.tx.Exec(ctx, `DELETE FROM voicemail_messages WHERE account_id = $1 AND id = $2`, account, id)
		return mapError("delete message", err)
	})
}

// VoicemailChange is what somebody changes of a box by telephone; nil fields stay.
type VoicemailChange struct {
	PIN, Language, Greeting *string
}

// ChangeVoicemail changes a box and writes it to the audit log. by says who does it.
func (db *DB) ChangeVoicemail(ctx context.Context, account dialplan.AccountID, number, by string, c VoicemailChange) error {
	return db.Account(ctx, account, func(tx *Tx) error {
		e, err := tx.ReadExtension(ctx, number)
		if err != nil {
			return err
		}
		var box *dialplan.VoicemailBox
		switch x := e.Config.(type) {
		case *dialplan.Voicemail:
			box = &x.VoicemailBox
		case *dialplan.User:
			box = &x.Voicemail.VoicemailBox
		default:
			return &NotFound{Entity: "voicemail box", Key: number}
		}
		before, after := map[string]any{}, map[string]any{}
		set := func(name string, to *string, field *string, secret bool) {
			if to == nil {
				return
			}
			if secret {
				after["secrets_changed"] = []string{name}
			} else {
				before[name], after[name] = *field, *to
			}
			*field = *to
		}
		set("pin", c.PIN, &box.PIN, true)
		set("language", c.Language, &box.Language, false)
		set("greeting", c.Greeting, &box.Greeting, false)
		if err := tx.UpdateExtension(ctx, number, e); err != nil {
			return err
		}
		return tx.Audit(ctx, &AuditEntry{Actor: by, Action: "update", Entity: "voicemail", EntityID: number}, before, after)
	})
}

// ListVoicemail lists the messages of the box of an extension, the newest first, and how many there are.
func (tx *Tx) ListVoicemail(ctx context.Context, number string, page Page) ([]VoicemailMessage, int, error) {
	account, err := tx.own()
	if err != nil {
		return nil, 0, err
	}
	refs, err := tx.resolve(ctx, account, []string{number})
	if err != nil {
		return nil, 0, err
	}
	r, ok := refs[number]
	if !ok || r.kind != dialplan.KindUser && r.kind != dialplan.KindVoicemail {
		return nil, 0, &NotFound{Entity: "voicemail box", Key: number}
	}
	limit, offset := page.bounds()
	rows, err := tx.tx.Query(ctx, selectMessages+` WHERE account_id = $1 AND box_id = $2 ORDER BY at DESC, id DESC LIMIT $3 OFFSET $4`,
		account, r.id, limit, offset)
	list, err := collect(rows, err, "messages", scanMessage)
	if err != nil {
		return nil, 0, err
	}
	total, err := tx.total(ctx, page, len(list), "messages", `SELECT count(*) FROM voicemail_messages WHERE account_id = $1 AND box_id = $2`, account, r.id)
	return list, total, err
}

// ReadVoicemail finds a message in the box of an extension.
func (tx *Tx) ReadVoicemail(ctx context.Context, number string, id uuid.UUID) (*VoicemailMessage, error) {
	account, err := tx.own()
	if err != nil {
		return nil, err
	}
	rows, err := tx.tx.Query(ctx, `SELECT m.id, m.box_id, m.at, m.caller_number, m.caller_name, m.duration_ms, m.heard FROM voicemail_messages m
		JOIN extensions e ON e.account_id = m.account_id AND e.id = m.box_id
		WHERE m.account_id = $1 AND m.id = $2 AND e.number = $3`, account, id, number)
	return one(rows, err, "message", id.String(), scanMessage)
}

// UpdateVoicemail says whether a message has been heard.
func (tx *Tx) UpdateVoicemail(ctx context.Context, id uuid.UUID, heard bool) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	_, err = tx.tx.Exec(ctx, `UPDATE voicemail_messages SET heard = $3 WHERE account_id = $1 AND id = $2`, account, id, heard)
	return mapError("mark message", err)
}

// RemoveVoicemail removes a message; the caller removes its file afterwards.
func (tx *Tx) RemoveVoicemail(ctx context.Context, id uuid.UUID) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	_, err = tx.tx.Exec(ctx, `DELETE FROM voicemail_messages WHERE account_id = $1 AND id = $2`, account, id)
	return mapError("delete message", err)
}
