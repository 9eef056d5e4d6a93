package store

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"callplane/dialplan"
)

// SFTPUser may fetch the account's recordings by SFTP, with a password, of which only a hash is kept, or a key.
type SFTPUser struct {
	ID      int64
	Account dialplan.AccountID
	Name    string // within the account
	Enabled bool
	Keys    []string // public ones, as in authorized_keys: type and base64
	// Created, and LastLogin, which is zero before the first one.
	Created, LastLogin time.Time
	Revision           int64

	password []byte
}

// Login is what the user logs in with.
func (u *SFTPUser) Login() string { return accountKey(u.Account) + "-" + u.Name }

// HasPassword tells whether there is one; without, only keys are taken.
func (u *SFTPUser) HasPassword() bool { return u.password != nil }

// Password compares with the user's.
func (u *SFTPUser) Password(password string) bool {
	return u.password != nil && subtle.ConstantTimeCompare(u.password, hashToken(password)) == 1
}

const selectSFTPUsers = `SELECT id, account_id, name, enabled, password, keys, created_at, last_login_at, revision FROM sftp_users`

func scanSFTPUser(rows pgx.Rows, u *SFTPUser) error {
	var used *time.Time
	err := rows.Scan(&u.ID, &u.Account, &u.Name, &u.Enabled, &u.password, &u.Keys, &u.Created, &used, &u.Revision)
	u.LastLogin = timeOf(used)
	return err
}

// CreateSFTPUser adds a user and fills in ID, Created and Revision.
func (tx *Tx) CreateSFTPUser(ctx context.Context, u *SFTPUser) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	u.Account = account
	err = tx.tx.QueryRow(ctx, `INSERT INTO sftp_users (account_id, name, enabled, keys) VALUES ($1, $2, $3, $4) RETURNING id, created_at, revision`,
		account, u.Name, u.Enabled, u.keys()).Scan(&u.ID, &u.Created, &u.Revision)
	return mapError("create SFTP user", err)
}

func (u *SFTPUser) keys() []string { return append([]string{}, u.Keys...) }

// ListSFTPUsers lists the account's users by name, and how many there are.
func (tx *Tx) ListSFTPUsers(ctx context.Context, page Page) ([]SFTPUser, int, error) {
	account, err := tx.own()
	if err != nil {
		return nil, 0, err
	}
	limit, offset := page.bounds()
	rows, err := tx.tx.Query(ctx, selectSFTPUsers+` WHERE account_id = $1 ORDER BY name LIMIT $2 OFFSET $3`, account, limit, offset)
	list, err := collect(rows, err, "SFTP users", scanSFTPUser)
	if err != nil {
		return nil, 0, err
	}
	total, err := tx.total(ctx, page, len(list), "SFTP users", `SELECT count(*) FROM sftp_users WHERE account_id = $1`, account)
	return list, total, err
}

// ReadSFTPUser finds a user of the account.
func (tx *Tx) ReadSFTPUser(ctx context.Context, name string) (*SFTPUser, error) {
	account, err := tx.own()
	if err != nil {
		return nil, err
	}
	rows, err := tx.tx.Query(ctx, selectSFTPUsers+` WHERE account_id = $1 AND name = $2`, account, name)
	return one(rows, err, "SFTP user", name, scanSFTPUser)
}

// UpdateSFTPUser changes name, Enabled and Keys of the user with this ID. A Revision other than 0 must be the current one, else Stale; it is raised.
func (tx *Tx) UpdateSFTPUser(ctx context.Context, u *SFTPUser) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	err = tx.tx.QueryRow(ctx, `UPDATE sftp_users SET name = $3, enabled = $4, keys = $5, revision = revision + 1
		WHERE account_id = $1 AND id = $2 AND ($6::bigint = 0 OR revision = $6) RETURNING revision`,
		account, u.ID, u.Name, u.Enabled, u.keys(), u.Revision).Scan(&u.Revision)
	if err != nil {
		return tx.missed(ctx, err, "update", "SFTP user", u.Name, `SELECT revision FROM sftp_users WHERE account_id = $1 AND id = $2`, account, u.ID)
	}
	return nil
}

// NewSFTPPassword gives a user another password, which can't be had again, or with none no password. The revision is raised.
func (tx *Tx) NewSFTPPassword(ctx context.Context, u *SFTPUser, none bool) (password string, err error) {
	account, err := tx.own()
	if err != nil {
		return "", err
	}
	u.password = nil
	if !none {
		password = rand.Text()
		u.password = hashToken(password)
	}
	err = tx.tx.QueryRow(ctx, `UPDATE sftp_users SET password = $3, revision = revision + 1 WHERE account_id = $1 AND id = $2 RETURNING revision`,
		account, u.ID, u.password).Scan(&u.Revision)
	return password, notFound(err, "SFTP user", u.Name)
}

// DeleteSFTPUser removes a user.
func (tx *Tx) DeleteSFTPUser(ctx context.Context, name string) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	tag, err := tx.tx.Exec(ctx, `DELETE FROM sftp_users WHERE account_id = $1 AND name = $2`, account, name)
	if err == nil && tag.RowsAffected() == 0 {
		return &NotFound{Entity: "SFTP user", Key: name}
	}
	return mapError("delete SFTP user", err)
}

// FindSFTPUser finds who logs in, with the time zone of the account; NotFound when there is nobody, or the user or the account may not now.
func (db *DB) FindSFTPUser(ctx context.Context, login string) (u *SFTPUser, zone *time.Location, err error) {
	none := &NotFound{Entity: "SFTP user", Key: "with this login"}
	number, name, _ := strings.Cut(login, "-")
	account, err := strconv.ParseInt(number, 10, 64)
	if err != nil || account <= 0 || name == "" || accountKey(dialplan.AccountID(account)) != number || len(name) > 40 || clean(name) != name {
		return nil, nil, none
	}
	err = db.Account(ctx, dialplan.AccountID(account), func(tx *Tx) error {
		a, err := tx.ReadAccount(ctx, dialplan.AccountID(account))
		if err != nil {
			return err
		}
		if zone, err = db.zones.load(a.TimeZone); err != nil {
			return err
		}
		u, err = tx.ReadSFTPUser(ctx, name)
		if err == nil && (!u.Enabled || !a.Enabled) {
			return none
		}
		return err
	})
	return u, zone, err
}

// SFTPLoggedIn notes that a user has logged in.
func (db *DB) SFTPLoggedIn(ctx context.Context, u *SFTPUser) error {
	return db.Account(ctx, u.Account, func(tx *Tx) error {
		_, err := tx.tx.Exec(ctx, `UPDATE sftp_users SET last_login_at = now() WHERE account_id = $1 AND name = $2`, u.Account, u.Name)
		return mapError("note SFTP login", err)
	})
}

// RecordingDays are the dates on which recordings of the account began in its time zone, the latest first, as midnight there.
func (tx *Tx) RecordingDays(ctx context.Context, zone *time.Location) ([]time.Time, error) {
	account, err := tx.own()
	if err != nil {
		return nil, err
	}
	// From one day to the one before by the index, whatever number of recordings a day has.
	rows, err := tx.tx.Query(ctx, `WITH RECURSIVE d AS (
			(SELECT (started AT TIME ZONE $2)::date AS day FROM recordings WHERE account_id = $1 ORDER BY started DESC LIMIT 1)
			UNION ALL
			SELECT (SELECT (r.started AT TIME ZONE $2)::date FROM recordings r
				WHERE r.account_id = $1 AND r.started < (d.day::timestamp AT TIME ZONE $2) ORDER BY r.started DESC LIMIT 1) FROM d WHERE d.day IS NOT NULL)
		SELECT day FROM d WHERE day IS NOT NULL`, account, zone.String())
	return collect(rows, err, "days of recordings", func(rows pgx.Rows, day *time.Time) error {
		var date time.Time
		err := rows.Scan(&date)
		*day = time.Date(date.Year(), date.Month(), date.Day(), 0, 0, 0, 0, zone)
		return err
	})
}
