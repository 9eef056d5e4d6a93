package store

import (
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

var errNoAccount = errors.New("no account chosen for the transaction")

// NotFound: there is no such row, or it is another account's.
type NotFound struct {
	Entity string // account, extension, channel …
	Key    string
}

func (e *NotFound) Error() string { return e.Entity + " " + e.Key + " not found" }

// Conflict: the value of Field is taken.
type Conflict struct {
	Constraint string // in the schema
	Field      string
	err        error
}

func (e *Conflict) Error() string { return e.Field + " is already in use" }
func (e *Conflict) Unwrap() error { return e.err }

// Invalid: Field has a value that can't be stored, or refers to something that is not there.
type Invalid struct {
	Field      string
	Constraint string // in the schema; empty when found before
	Reason     string
	err        error
}

func (e *Invalid) Error() string { return e.Field + ": " + e.Reason }
func (e *Invalid) Unwrap() error { return e.err }

// InUse: it can't be deleted, or changed in this way, because By refers to it.
type InUse struct {
	By         []string // "group 200", "plan Open of scheme Main" …; at least one
	Constraint string   // in the schema; empty when found before
	err        error
}

func (e *InUse) Error() string { return "in use by " + strings.Join(e.By, ", ") }
func (e *InUse) Unwrap() error { return e.err }

// Stale: the row has changed since the revision that the caller saw.
type Stale struct {
	Entity, Key string
	Current     int64 // revision now
}

func (e *Stale) Error() string {
	return fmt.Sprintf("%s %s has changed: its revision is %d now", e.Entity, e.Key, e.Current)
}

// mapError turns what PostgreSQL says about a constraint into a typed error; anything else
// is wrapped with what was attempted.
func mapError(doing string, err error) error {
	var pg *pgconn.PgError
	if err == nil {
		return nil
	}
	if !errors.As(err, &pg) {
		return fmt.Errorf("%s: %w", doing, err)
	}
	field := pg.ColumnName
	if field == "" {
		field = constraintField(pg.TableName, pg.ConstraintName)
	}
	wrapped := fmt.Errorf("%s: %w", doing, err)
	switch pg.Code {
	case "23505": // unique_violation
		return &Conflict{Constraint: pg.ConstraintName, Field: field, err: wrapped}
	case "23503": // foreign_key_violation
		// The length of extensions hangs on a foreign key of both sides.
		if pg.ConstraintName == "extensions_number_length_fkey" {
			if doing == "update account" {
				return &InUse{By: []string{"extensions"}, Constraint: pg.ConstraintName, err: wrapped}
			}
			return &Invalid{Field: "number", Constraint: pg.ConstraintName, Reason: "length is not that of the account's extensions", err: wrapped}
		}
		if strings.HasPrefix(doing, "delete ") || strings.HasPrefix(doing, "update account") {
			return &InUse{By: []string{entityOf(pg.TableName)}, Constraint: pg.ConstraintName, err: wrapped}
		}
		return &Invalid{Field: field, Constraint: pg.ConstraintName, Reason: "refers to something that is not there", err: wrapped}
	case "23514": // check_violation
		reason := "is not allowed"
		if pg.ConstraintName == "schemes_main_check" {
			reason = "the main scheme cannot be deleted"
		}
		return &Invalid{Field: field, Constraint: pg.ConstraintName, Reason: reason, err: wrapped}
	case "23502": // not_null_violation
		return &Invalid{Field: field, Reason: "is required", err: wrapped}
	case "22001", "22003", "22007", "22008", "22021", "22023", "22P02", "22P05":
		// A value of the wrong shape, which a column's type or a function refused.
		if strings.Contains(pg.Message, "time zone") {
			field = "time_zone"
		}
		if field == "" {
			field = "value"
		}
		return &Invalid{Field: field, Reason: pg.Message, err: wrapped}
	case "42501": // insufficient_privilege: row-level security
		return &NotFound{Entity: entityOf(pg.TableName), Key: "in this account"}
	}
	return wrapped
}

// constraintField reads the field from a name like channels_call_limit_check.
func constraintField(table, constraint string) string {
	f := strings.TrimPrefix(constraint, table+"_")
	for _, suffix := range []string{"_check", "_fkey", "_key"} {
		f = strings.TrimSuffix(f, suffix)
	}
	if constraint == "ivr_options_digits_length_check" {
		return "digits"
	}
	if strings.HasSuffix(constraint, "_pkey") {
		if table == "numbers" {
			return "e164"
		}
		return "id"
	}
	return f
}

// entityOf names a table's rows for people.
func entityOf(table string) string {
	switch table {
	case "ext_user":
		return "user"
	case "ext_group", "group_members":
		return "group"
	case "ext_ivr", "ivr_options":
		return "ivr"
	case "forwards", "ext_forward":
		return "forward"
	case "ext_auto_answer":
		return "auto-answer"
	case "ext_time", "time_periods":
		return "time"
	case "ext_limit":
		return "limit"
	case "ext_location", "location_routes":
		return "location"
	case "ext_authentication", "authentication_entries":
		return "authentication"
	case "ext_system":
		return "system"
	case "ext_ai":
		return "ai"
	case "ext_picker":
		return "picker"
	case "ext_queue", "queue_members", "queue_destinations", "queue_infotainment":
		return "queue"
	case "ext_voicemail", "user_voicemail":
		return "voicemail"
	case "voicemail_messages":
		return "message"
	case "plan_entries", "plans":
		return "plan"
	case "privacy_groups", "privacy_members", "privacy_rights":
		return "privacy group"
	case "outbound_accounts", "outbound_users", "user_caller_ids":
		return "outbound rules"
	case "allowed_addresses":
		return "allowed address"
	case "channel_addresses":
		return "channel"
	case "media_files":
		return "media"
	case "api_tokens":
		return "token"
	case "audit_log":
		return "audit entry"
	case "call_legs", "call_trace":
		return "call"
	}
	return strings.TrimSuffix(table, "s")
}

// notFound replaces the driver's "no rows" by a typed error.
func notFound(err error, entity, key string) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return &NotFound{Entity: entity, Key: key}
	}
	return mapError("read "+entity+" "+key, err)
}
