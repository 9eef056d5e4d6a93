package store

import (
	"context"
	"net/netip"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"callplane/dialplan"
)

// Trunk is a carrier with its revision. Trunks are the platform's business; an account may
// read its own.
type Trunk struct {
	dialplan.Trunk
	Revision int64
}

// CreateTrunk adds a carrier and fills in ID, Revision and what is empty of Country (NL), Transport
// (udp), Format (e164) and Timeout (4 s).
func (tx *Tx) CreateTrunk(ctx context.Context, t *Trunk) error {
	if t.Country == "" {
		t.Country = dialplan.NL
	}
	if t.Transport == "" {
		t.Transport = "udp"
	}
	if t.Format == "" {
		t.Format = dialplan.FormatE164
	}
	if t.Timeout == 0 {
		t.Timeout = 4 * time.Second
	}
	err := tx.tx.QueryRow(ctx, `INSERT INTO trunks (account_id, name, enabled, country, priority, host, port, transport, username,
			password, register, secure, sources, format, timeout_ms, channels, emergency)
		VALUES (nullif($1::bigint, 0), $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) RETURNING id, revision`,
		t.Account, t.Name, t.Enabled, t.Country, t.Priority, t.Host, int(t.Port), t.Transport, t.Username,
		t.Password, t.Register, t.Secure, sources(t.Sources), t.Format, millis(t.Timeout), t.Channels, t.Emergency).Scan(&t.ID, &t.Revision)
	return mapError("create trunk", err)
}

// sources is never null, and without the host bits that a network can't have.
func sources(in []netip.Prefix) []netip.Prefix {
	out := make([]netip.Prefix, len(in))
	for i, p := range in {
		out[i] = p.Masked()
	}
	return out
}

func queryTrunks(ctx context.Context, tx pgx.Tx, rest string, args ...any) ([]Trunk, error) {
	rows, err := tx.Query(ctx, `SELECT id, coalesce(account_id, 0), name, enabled, country, priority, host, port, transport, username,
		password, register, secure, sources, format, timeout_ms, channels, emergency, revision FROM trunks `+rest, args...)
	return collect(rows, err, "trunks", func(rows pgx.Rows, t *Trunk) error {
		var port int
		var timeout int64
		err := rows.Scan(&t.ID, &t.Account, &t.Name, &t.Enabled, &t.Country, &t.Priority, &t.Host, &port, &t.Transport, &t.Username,
			&t.Password, &t.Register, &t.Secure, &t.Sources, &t.Format, &timeout, &t.Channels, &t.Emergency, &t.Revision)
		t.Port, t.Timeout = uint16(port), time.Duration(timeout)*time.Millisecond
		return err
	})
}

// ReadTrunk finds a carrier by name.
func (tx *Tx) ReadTrunk(ctx context.Context, name string) (*Trunk, error) {
	list, err := queryTrunks(ctx, tx.tx, `WHERE name = $1`, name)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, &NotFound{Entity: "trunk", Key: name}
	}
	return &list[0], nil
}

// ListTrunks lists carriers by priority and name, and how many there are in all.
func (tx *Tx) ListTrunks(ctx context.Context, page Page) ([]Trunk, int, error) {
	limit, offset := page.bounds()
	list, err := queryTrunks(ctx, tx.tx, `ORDER BY priority, name LIMIT $1 OFFSET $2`, limit, offset)
	if err != nil {
		return nil, 0, err
	}
	total, err := tx.total(ctx, page, len(list), "trunks", `SELECT count(*) FROM trunks`)
	return list, total, err
}

// UpdateTrunk changes the carrier with t.ID. A Revision other than 0 must be the current one,
// else Stale; it is raised.
func (tx *Tx) UpdateTrunk(ctx context.Context, t *Trunk) error {
	err := tx.tx.QueryRow(ctx, `UPDATE trunks SET account_id = nullif($2::bigint, 0), name = $3, enabled = $4, country = $5, priority = $6,
			host = $7, port = $8, transport = $9, username = $10, password = $11, register = $12, secure = $13, sources = $14,
			format = $15, timeout_ms = $16, channels = $17, emergency = $18, revision = revision + 1
		WHERE id = $1 AND ($19::bigint = 0 OR revision = $19) RETURNING revision`,
		t.ID, t.Account, t.Name, t.Enabled, t.Country, t.Priority,
		t.Host, int(t.Port), t.Transport, t.Username, t.Password, t.Register, t.Secure, sources(t.Sources),
		t.Format, millis(t.Timeout), t.Channels, t.Emergency, t.Revision).Scan(&t.Revision)
	if err != nil {
		return tx.missed(ctx, err, "update", "trunk", strconv.FormatInt(t.ID, 10), `SELECT revision FROM trunks WHERE id = $1`, t.ID)
	}
	return nil
}

// DeleteTrunk removes a carrier. A revision other than 0 must be the current one, else Stale.
func (tx *Tx) DeleteTrunk(ctx context.Context, name string, revision int64) error {
	var id int64
	err := tx.tx.QueryRow(ctx, `DELETE FROM trunks WHERE name = $1 AND ($2::bigint = 0 OR revision = $2) RETURNING id`, name, revision).Scan(&id)
	if err != nil {
		return tx.missed(ctx, err, "delete", "trunk", name, `SELECT revision FROM trunks WHERE name = $1`, name)
	}
	return nil
}
