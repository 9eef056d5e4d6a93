package store

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"callplane/dialplan"
)

// PrivacyGroup is a privacy group with its revision.
type PrivacyGroup struct {
	dialplan.PrivacyGroup
	Revision int64
}

// CreatePrivacyGroup adds a privacy group and fills in ID and Revision. Its members must
// be user extensions.
func (tx *Tx) CreatePrivacyGroup(ctx context.Context, p *PrivacyGroup) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	err = tx.tx.QueryRow(ctx, `INSERT INTO privacy_groups (account_id, name) VALUES ($1, $2) RETURNING id, revision`,
		account, p.Name).Scan(&p.ID, &p.Revision)
	if err != nil {
		return mapError("create privacy group", err)
	}
	return tx.writePrivacyMembers(ctx, account, p)
}

func (tx *Tx) writePrivacyMembers(ctx context.Context, account dialplan.AccountID, p *PrivacyGroup) error {
	if _, err := tx.tx.Exec(ctx, `DELETE FROM privacy_members WHERE account_id = $1 AND privacy_id = $2`, account, p.ID); err != nil {
		return mapError("replace members", err)
	}
	refs, err := tx.resolve(ctx, account, p.Members)
	if err != nil {
		return err
	}
	for i, m := range p.Members {
		r, ok := refs[m]
		if !ok || r.kind != dialplan.KindUser {
			return &Invalid{Field: "members", Reason: "there is no user extension " + m}
		}
		_, err := tx.tx.Exec(ctx, `INSERT INTO privacy_members (account_id, privacy_id, user_id, position) VALUES ($1, $2, $3, $4)`,
			account, p.ID, r.id, i)
		if err != nil {
			return mapError("write members", err)
		}
	}
	return nil
}

// UpdatePrivacyGroup replaces name and members. A Revision other than 0 must be the
// current one, else Stale; it is raised.
func (tx *Tx) UpdatePrivacyGroup(ctx context.Context, p *PrivacyGroup) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	err = tx.tx.QueryRow(ctx, `UPDATE privacy_groups SET name = $3, revision = revision + 1
		WHERE account_id = $1 AND id = $2 AND ($4::bigint = 0 OR revision = $4) RETURNING revision`,
		account, p.ID, p.Name, p.Revision).Scan(&p.Revision)
	if err != nil {
		return tx.missed(ctx, err, "update", "privacy group", strconv.FormatInt(p.ID, 10),
			`SELECT revision FROM privacy_groups WHERE account_id = $1 AND id = $2`, account, p.ID)
	}
	return tx.writePrivacyMembers(ctx, account, p)
}

const selectPrivacyRows = `SELECT p.id, p.name, p.revision, ARRAY(SELECT x.number FROM privacy_members m
	JOIN extensions x ON x.account_id = m.account_id AND x.id = m.user_id
	WHERE m.account_id = p.account_id AND m.privacy_id = p.id ORDER BY m.position) FROM privacy_groups p`

func scanPrivacyRow(rows pgx.Rows, p *PrivacyGroup) error {
	return rows.Scan(&p.ID, &p.Name, &p.Revision, &p.Members)
}

// ReadPrivacyGroup finds a privacy group.
func (tx *Tx) ReadPrivacyGroup(ctx context.Context, id int64) (*PrivacyGroup, error) {
	account, err := tx.own()
	if err != nil {
		return nil, err
	}
	rows, err := tx.tx.Query(ctx, selectPrivacyRows+` WHERE p.account_id = $1 AND p.id = $2`, account, id)
	return one(rows, err, "privacy group", strconv.FormatInt(id, 10), scanPrivacyRow)
}

// ListPrivacyGroups lists privacy groups by name, and how many there are in all.
func (tx *Tx) ListPrivacyGroups(ctx context.Context, page Page) ([]PrivacyGroup, int, error) {
	account, err := tx.own()
	if err != nil {
		return nil, 0, err
	}
	limit, offset := page.bounds()
	rows, err := tx.tx.Query(ctx, selectPrivacyRows+` WHERE p.account_id = $1 ORDER BY p.name LIMIT $2 OFFSET $3`, account, limit, offset)
	list, err := collect(rows, err, "privacy groups", scanPrivacyRow)
	if err != nil {
		return nil, 0, err
	}
	total, err := tx.total(ctx, page, len(list), "privacy groups", `SELECT count(*) FROM privacy_groups WHERE account_id = $1`, account)
	return list, total, err
}

// DeletePrivacyGroup removes a privacy group that has no rights over any extension and are nobody's assistants, else InUse says
// where. A revision other than 0 must be the current one, else Stale.
func (tx *Tx) DeletePrivacyGroup(ctx context.Context, id, revision int64) error {
	account, err := tx.own()
	if err != nil {
		return err
	}
	p, err := tx.ReadPrivacyGroup(ctx, id)
	if err != nil {
		return err
	}
	if revision != 0 && revision != p.Revision {
		return &Stale{Entity: "privacy group", Key: strconv.FormatInt(id, 10), Current: p.Revision}
	}
	rows, err := tx.tx.Query(ctx, `SELECT e.kind || ' ' || e.number FROM privacy_rights r
		JOIN extensions e ON e.account_id = r.account_id AND e.id = r.extension_id
		WHERE r.account_id = $1 AND r.privacy_id = $2
		UNION SELECT 'assistant group of ' || e.number FROM ext_user u JOIN extensions e ON e.account_id = u.account_id AND e.id = u.id
		WHERE u.account_id = $1 AND u.assistant_id = $2 ORDER BY 1 LIMIT 20`, account, id)
	if err != nil {
		return mapError("find uses of a privacy group", err)
	}
	by, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return mapError("find uses of a privacy group", err)
	}
	if len(by) > 0 {
		return &InUse{By: by}
	}
	_, err = tx.tx.Exec(ctx, `DELETE FROM privacy_groups WHERE account_id = $1 AND id = $2`, account, id)
	return mapError("delete privacy group", err)
}

// writePrivacy replaces the rights that privacy groups have over an extension.
func (tx *Tx) writePrivacy(ctx context.Context, account dialplan.AccountID, e *dialplan.Extension, grants []dialplan.PrivacyGrant) error {
	if _, err := tx.tx.Exec(ctx, `DELETE FROM privacy_rights WHERE account_id = $1 AND extension_id = $2`, account, e.ID); err != nil {
		return mapError("replace privacy rights", err)
	}
	for i, g := range grants {
		_, err := tx.tx.Exec(ctx, `INSERT INTO privacy_rights (account_id, extension_id, kind, privacy_id, pickup, park_retrieve, blf,
				listen, notify, notify_delay_ms, position) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
			account, e.ID, e.Config.Kind(), g.Group, g.Pickup, g.ParkRetrieve, g.BLF, g.Listen, g.Notify, millis(g.NotifyDelay), i)
		if err != nil {
			return mapError("write privacy rights", err)
		}
	}
	return nil
}

const selectPrivacyRights = `SELECT account_id, extension_id, privacy_id, pickup, park_retrieve, blf, listen, notify, notify_delay_ms FROM privacy_rights`

func scanPrivacyRight(rows pgx.Rows, account *dialplan.AccountID, extension *int64, g *dialplan.PrivacyGrant) error {
	var delay int64
	err := rows.Scan(account, extension, &g.Group, &g.Pickup, &g.ParkRetrieve, &g.BLF, &g.Listen, &g.Notify, &delay)
	g.NotifyDelay = time.Duration(delay) * time.Millisecond
	return err
}

// privacyOf is where an extension keeps its rights; nil for types without.
func privacyOf(c dialplan.ExtensionConfig) *[]dialplan.PrivacyGrant {
	switch c := c.(type) {
	case *dialplan.User:
		return &c.Privacy
	case *dialplan.Group:
		return &c.Privacy
	}
	return nil
}

func (tx *Tx) readPrivacy(ctx context.Context, account dialplan.AccountID, e *dialplan.Extension) error {
	to := privacyOf(e.Config)
	if to == nil {
		return nil
	}
	rows, err := tx.tx.Query(ctx, selectPrivacyRights+` WHERE account_id = $1 AND extension_id = $2 ORDER BY position`, account, e.ID)
	list, err := collect(rows, err, "privacy rights", func(rows pgx.Rows, g *dialplan.PrivacyGrant) error {
		return scanPrivacyRight(rows, new(dialplan.AccountID), new(int64), g)
	})
	if len(list) > 0 {
		*to = list
	}
	return err
}

const selectPrivacy = `SELECT account_id, id, name FROM privacy_groups`

func (l *loader) privacyGroup(rows pgx.Rows) error {
	var account dialplan.AccountID
	p := new(dialplan.PrivacyGroup)
	if err := rows.Scan(&account, &p.ID, &p.Name); err != nil {
		return err
	}
	b, err := l.of(account)
	if err != nil {
		return err
	}
	b.Privacy[p.ID] = p
	return nil
}

const selectPrivacyMembers = `SELECT account_id, privacy_id, user_id FROM privacy_members`

func (l *loader) privacyMember(rows pgx.Rows) error {
	var account dialplan.AccountID
	var group, user int64
	if err := rows.Scan(&account, &group, &user); err != nil {
		return err
	}
	b, err := l.of(account)
	if err != nil {
		return err
	}
	p := b.Privacy[group]
	if p == nil {
		return fmt.Errorf("member of privacy group %d, which is not there", group)
	}
	p.Members = append(p.Members, b.number(&user))
	return nil
}

func (l *loader) privacyRight(rows pgx.Rows) error {
	var account dialplan.AccountID
	var ext int64
	var g dialplan.PrivacyGrant
	if err := scanPrivacyRight(rows, &account, &ext, &g); err != nil {
		return err
	}
	b, err := l.of(account)
	if err != nil {
		return err
	}
	e := b.byID[ext]
	if e == nil {
		b.fail("extension with id %d has privacy rights and is not there", ext)
		return nil
	}
	if to := privacyOf(e.Config); to != nil {
		*to = append(*to, g)
	}
	return nil
}
