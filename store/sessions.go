package store

import (
	"context"
	"crypto/rand"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
)

// Session is somebody who is logged in to the portal; of its secret only a hash is kept.
type Session struct {
	ID                     int64
	Login                  int64
	Address, UserAgent     string // of the log-in
	Created, Seen, Expires time.Time
}

// CreateSession logs l in until expires and returns the secret; ended sessions of anybody are cleared away.
func (tx *Tx) CreateSession(ctx context.Context, l *Login, s *Session) (secret string, err error) {
	if _, err := tx.tx.Exec(ctx, `DELETE FROM sessions WHERE expires_at < now()`); err != nil {
		return "", mapError("clear sessions", err)
	}
	secret = rand.Text() + rand.Text()
	s.Login = l.ID
	err = tx.tx.QueryRow(ctx, `INSERT INTO sessions (account_id, login_id, hash, address, user_agent, expires_at)
		VALUES (nullif($1::bigint, 0), $2, $3, $4, $5, $6) RETURNING id, created_at, seen_at`,
		l.Account, l.ID, hashToken(secret), s.Address, s.UserAgent, s.Expires).Scan(&s.ID, &s.Created, &s.Seen)
	return secret, mapError("create session", err)
}

// FindSession finds a session that has not ended, and its login, which is enabled, by the secret; idle is how long one may be
// unused. For Platform scope. Seen is kept to the minute; nobody waits for the disk to have it.
func (tx *Tx) FindSession(ctx context.Context, secret string, idle time.Duration) (*Session, *Login, error) {
	rows, err := tx.tx.Query(ctx, `SELECT id, login_id, address, user_agent, created_at, seen_at, expires_at FROM sessions
		WHERE hash = $1 AND expires_at > now() AND seen_at > now() - make_interval(secs => $2)`, hashToken(secret), idle.Seconds())
	s, err := one(rows, err, "session", "with this secret", scanSession)
	if err != nil {
		return nil, nil, err
	}
	l, err := tx.ReadLogin(ctx, s.Login)
	if err == nil && !l.Enabled {
		err = &NotFound{Entity: "login", Key: strconv.FormatInt(l.ID, 10)}
	}
	if err != nil {
		return nil, nil, err
	}
	if time.Since(s.Seen) > time.Minute {
		if err := tx.note(ctx, `UPDATE sessions SET seen_at = now() WHERE id = $1`, s.ID); err != nil {
			return nil, nil, mapError("note use of session", err)
		}
	}
	return s, l, nil
}

func scanSession(rows pgx.Rows, s *Session) error {
	return rows.Scan(&s.ID, &s.Login, &s.Address, &s.UserAgent, &s.Created, &s.Seen, &s.Expires)
}

// ListSessions lists the sessions of a login, the newest first.
func (tx *Tx) ListSessions(ctx context.Context, login int64) ([]Session, error) {
	rows, err := tx.tx.Query(ctx, `SELECT id, login_id, address, user_agent, created_at, seen_at, expires_at FROM sessions
		WHERE login_id = $1 AND expires_at > now() ORDER BY id DESC LIMIT 200`, login)
	return collect(rows, err, "sessions", scanSession)
}

// EndSession ends one session of a login.
func (tx *Tx) EndSession(ctx context.Context, login, id int64) error {
	tag, err := tx.tx.Exec(ctx, `DELETE FROM sessions WHERE login_id = $1 AND id = $2`, login, id)
	if err == nil && tag.RowsAffected() == 0 {
		return &NotFound{Entity: "session", Key: strconv.FormatInt(id, 10)}
	}
	return mapError("end session", err)
}

// EndSessions ends all sessions of a login but one; keep 0: all.
func (tx *Tx) EndSessions(ctx context.Context, login, keep int64) error {
	_, err := tx.tx.Exec(ctx, `DELETE FROM sessions WHERE login_id = $1 AND id <> $2`, login, keep)
	return mapError("end sessions", err)
}
