package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
)

// many fills a database with n accounts of users u and some of everything else, in seconds. Triggers
// are off: what they look after is right by construction. After the users come one extension of each other kind.
func many(ctx context.Context, t testing.TB, pool *pgxpool.Pool, n, users int) {
	t.Helper()
	conn, err := pool.Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	length := len(fmt.Sprint(100 + users))
	base := 1
	for range length - 1 {
		base *= 10
	}
	// Extension base+k of account a has the id a*1000+k; group and menu follow the users.
	for _, sql := range []string{
		`SET session_replication_role = replica`,
		`INSERT INTO partners (name) SELECT 'Partner ' || p FROM generate_series(1, 100) p`,
		`INSERT INTO accounts (partner_id, name, country, language, time_zone, extension_length)
			SELECT 1 + a % 100, 'Account ' || a, 'NL', 'nl', 'Europe/Amsterdam', {length} FROM generate_series(1, {n}) a`,
		`INSERT INTO extensions (id, account_id, number, name, kind) OVERRIDING SYSTEM VALUE
			SELECT a * 1000 + k, a, {base} + k, 'User ' || k, CASE WHEN k <= {users} THEN 'user' ELSE
				(ARRAY['group', 'ivr', 'forward', 'auto_answer', 'time', 'limit', 'location', 'authentication', 'picker', 'queue', 'voicemail', 'system'])[k - {users}] END
			FROM generate_series(1, {n}) a, generate_series(1, {users} + 12) k`,
		`INSERT INTO ext_user (id, account_id, caller_id) SELECT id, account_id, '+3120' || id FROM extensions WHERE kind = 'user'`,
		`INSERT INTO ext_group (id, account_id) SELECT id, account_id FROM extensions WHERE kind = 'group'`,
		`INSERT INTO ext_ivr (id, account_id, fallback_ext) SELECT id, account_id, id - 1 FROM extensions WHERE kind = 'ivr'`,
		`INSERT INTO ext_forward (id, account_id, number) SELECT id, account_id, '0612345678' FROM extensions WHERE kind = 'forward'`,
		`INSERT INTO ext_auto_answer (id, account_id, announcement) SELECT id, account_id, 'welcome' FROM extensions WHERE kind = 'auto_answer'`,
		`INSERT INTO ext_time (id, account_id, failover_ext) SELECT id, account_id, id - 1 FROM extensions WHERE kind = 'time'`,
		`INSERT INTO time_periods (account_id, time_id, position, first_day, last_day, start_minute, end_minute, dest_ext)
			SELECT account_id, id, k, k, k, 540, 1020, id - k FROM ext_time, generate_series(1, 3) k`,
		`INSERT INTO ext_limit (id, account_id, calls, within_ext) SELECT id, account_id, 2, id - 1 FROM extensions WHERE kind = 'limit'`,
		`INSERT INTO ext_location (id, account_id, by, fallback_ext) SELECT id, account_id, 'caller', id - 1 FROM extensions WHERE kind = 'location'`,
		`INSERT INTO location_routes (account_id, location_id, position, keys, dest_ext)
			SELECT account_id, id, k, ARRAY['+31' || k], id - k FROM ext_location, generate_series(1, 3) k`,
		`INSERT INTO ext_authentication (id, account_id, by_pin, fallback_ext) SELECT id, account_id, true, id - 1 FROM extensions WHERE kind = 'authentication'`,
		`INSERT INTO authentication_entries (account_id, authentication_id, key, dest_ext)
			SELECT account_id, id, 1000 + k, id - k FROM ext_authentication, generate_series(1, 3) k`,
		`INSERT INTO ext_system (id, account_id, function) SELECT id, account_id, 'record-audio' FROM extensions WHERE kind = 'system'`,
		`INSERT INTO ext_picker (id, account_id, fallback_ext) SELECT id, account_id, id - 1 FROM extensions WHERE kind = 'picker'`,
		`INSERT INTO ext_queue (id, account_id, strategy) SELECT id, account_id, 'random' FROM extensions WHERE kind = 'queue'`,
		`INSERT INTO queue_members (account_id, queue_id, member_id, member_kind, position)
			SELECT account_id, id, account_id * 1000 + k, 'user', k FROM ext_queue, generate_series(1, 3) k`,
		`INSERT INTO queue_destinations (account_id, queue_id, list, position, dest_ext) SELECT account_id, id, 'forward', 0, id - 1 FROM ext_queue`,
		`INSERT INTO queue_infotainment (account_id, queue_id, position, media) SELECT account_id, id, 0, 'welcome' FROM ext_queue`,
		`INSERT INTO ext_voicemail (id, account_id, pin, user_id, email) SELECT id, account_id, '4711', account_id * 1000 + 1, 'a@example.com'
			FROM extensions WHERE kind = 'voicemail'`,
		`INSERT INTO user_voicemail (account_id, user_id, pin) SELECT account_id, id, '4711' FROM ext_user`,
		`INSERT INTO voicemail_messages (id, account_id, box_id, at, duration_ms)
			SELECT gen_random_uuid(), account_id, id, now() - k * interval '1 hour', 1000 FROM ext_voicemail, generate_series(1, 3) k`,
		`INSERT INTO notices (id, account_id, kind, recipient, message_id, due)
			SELECT gen_random_uuid(), account_id, 'email', 'a@example.com', id, at + interval '1 year' FROM voicemail_messages`,
		`INSERT INTO charges (account_id, kind, amount, currency, reference) SELECT a, 'sms', 0.1, 'EUR', k
			FROM generate_series(1, {n}) a, generate_series(1, 3) k`,
		`INSERT INTO group_members (account_id, group_id, user_id, position)
			SELECT a, a * 1000 + {users} + 1, a * 1000 + k, k FROM generate_series(1, {n}) a, generate_series(1, 3) k`,
		`INSERT INTO ivr_options (account_id, ivr_id, max_digits, digits, dest_ext)
			SELECT a, a * 1000 + {users} + 2, 1, k, a * 1000 + k FROM generate_series(1, {n}) a, generate_series(1, 3) k`,
		`INSERT INTO forwards (account_id, extension_id, kind, miss, position, dest_ext)
			SELECT account_id, id, 'user', 'no_answer', 0, account_id * 1000 + 1 FROM ext_user WHERE id % 3 = 0`,
		`INSERT INTO channels (account_id, name, password, user_id)
			SELECT account_id, 'ch' || id, 'secret-' || md5(id::text), id FROM ext_user`,
		`INSERT INTO schemes (account_id, name, main, number) SELECT a, 'Main', true, 1 FROM generate_series(1, {n}) a`,
		`INSERT INTO plans (account_id, scheme_id, number, name) SELECT account_id, id, 1, 'Standard' FROM schemes`,
		`INSERT INTO numbers (e164, account_id, scheme_id)
			SELECT '+3130' || 1000000 + account_id * 10 + k, account_id, id FROM schemes, generate_series(1, 3) k`,
		`INSERT INTO numbers (e164, account_id, personal_id)
			SELECT '+3140' || 1000000 + a, a, a * 1000 + 1 FROM generate_series(1, {n}) a`,
		`INSERT INTO plan_entries (account_id, scheme_id, plan_id, e164, dest_ext)
			SELECT p.account_id, p.scheme_id, p.id, e164, p.account_id * 1000 + {users} + 2
			FROM plans p JOIN numbers n ON n.account_id = p.account_id AND n.scheme_id = p.scheme_id`,
		`INSERT INTO privacy_groups (account_id, name) SELECT a, 'Desk' FROM generate_series(1, {n}) a`,
		`INSERT INTO privacy_members (account_id, privacy_id, user_id, position)
			SELECT account_id, id, account_id * 1000 + k, k FROM privacy_groups, generate_series(1, 3) k`,
		`INSERT INTO privacy_rights (account_id, extension_id, kind, privacy_id, pickup, position)
			SELECT account_id, account_id * 1000 + k, 'user', id, true, 0 FROM privacy_groups, generate_series(1, 3) k`,
		`INSERT INTO roster_periods (account_id, scheme_id, start_min, end_min, plan)
			SELECT account_id, id, d * 1440 + 540, d * 1440 + 1020, 1 FROM schemes, generate_series(0, 4) d`,
		`INSERT INTO holidays (account_id, scheme_id, name, starts, ends, plan)
			SELECT account_id, id, 'Day ' || d, timestamp '2027-01-01' + d * interval '1 day', timestamp '2027-01-02' + d * interval '1 day', 1
			FROM schemes, generate_series(0, 4) d`,
		`INSERT INTO plan_switches (account_id, scheme_id, at)
			SELECT account_id, id, now() + d * interval '1 hour' FROM schemes, generate_series(0, 4) d`,
		`INSERT INTO outbound_accounts (account_id, barred) SELECT a, '{mobile}' FROM generate_series(1, {n}) a`,
		`INSERT INTO allowed_addresses (account_id, position, first, last) SELECT a, 0, '192.0.2.1', '192.0.2.9' FROM generate_series(1, {n}) a`,
		`INSERT INTO outbound_users (account_id, user_id, barred) SELECT account_id, id, '{mobile}' FROM ext_user`,
		`INSERT INTO user_caller_ids (account_id, user_id, code, e164) SELECT account_id, user_id, '2', '+31201234567' FROM outbound_users`,
		`INSERT INTO channel_addresses (account_id, channel_id, address) SELECT account_id, id, '192.0.2.1' FROM channels`,
		`INSERT INTO recording_accounts (account_id, enabled, retention_days) SELECT a, true, a % 100 FROM generate_series(1, {n}) a`,
		`INSERT INTO recordings (account_id, id, call_id, user_id, extension, reason, outbound, started, duration_ms, size, channels, file)
			SELECT a, gen_random_uuid(), gen_random_uuid(), a * 1000 + 1, '101', 'systematic', false, now() - (a * 5 + k) * interval '1 minute', 1, 1, 2, ''
			FROM generate_series(1, {n}) a, generate_series(1, 5) k`,
		`INSERT INTO analyses (account_id, recording_id, due) SELECT account_id, id, now() + interval '1 year' FROM recordings`,
		`INSERT INTO recording_exports (account_id, id, user_id, created_by, selection, state, recordings, bytes, finished_at, expires_at)
			SELECT a, gen_random_uuid(), k, 'x', '{}', CASE WHEN a % 1000 = 0 THEN 'queued' ELSE 'done' END, 1, 1, CASE WHEN a % 1000 > 0 THEN now() END,
				CASE WHEN a % 1000 > 0 THEN now() + interval '1 day' END FROM generate_series(1, {n}) a, generate_series(1, 3) k`,
		`INSERT INTO sftp_users (account_id, name) SELECT a, 'backup' FROM generate_series(1, {n}) a`,
		`INSERT INTO media (account_id, key, name) SELECT a, 'welcome', 'Welcome' FROM generate_series(1, {n}) a`,
		`INSERT INTO media_files (account_id, key, language, sha256, size, duration_ms)
			SELECT account_id, key, 'nl', sha256(key::bytea), 1, 1 FROM media`,
		`INSERT INTO api_tokens (account_id, name, hash, role)
			SELECT a, 'token', sha256(a::text::bytea), 'admin' FROM generate_series(1, {n}) a`,
		`INSERT INTO logins (account_id, email, name, role) SELECT a, a || '@example.com', 'x', 'admin' FROM generate_series(1, {n}) a`,
		`INSERT INTO sessions (account_id, login_id, hash, address, user_agent, expires_at)
			SELECT account_id, id, sha256(id::text::bytea), '', '', now() + interval '1 hour' FROM logins`,
		`INSERT INTO queue_events (account_id, id, at, queue_id, queue, kind, agent_id, agent)
			SELECT account_id, gen_random_uuid(), now() - k * interval '1 minute', id, 'q', 'answered', account_id * 1000 + k, 'a' FROM ext_queue, generate_series(1, 5) k`,
		`INSERT INTO audit_log (account_id, actor, action, entity, entity_id)
			SELECT a, 'test', 'create', 'x', k FROM generate_series(1, {n}) a, generate_series(1, 3) k`,
		`INSERT INTO calls (id, account_id, direction, caller_number, caller_name, dialed, started, ended, cause)
			SELECT gen_random_uuid(), a, 'inbound', '+31', '', '+31', now() - (a * 5 + k) * interval '1 minute', now(), 'normal'
			FROM generate_series(1, {n}) a, generate_series(1, 5) k`,
		`INSERT INTO call_legs (account_id, call_id, position, leg, engine, sip_call_id, direction, target, extension, channel, trunk,
				number, started, ended, cause, sip_status)
			SELECT account_id, id, k, '', '', '', 'inbound', '', (ARRAY['', '101'])[k + 1], '', '', '', started, ended, '', 0 FROM calls, generate_series(0, 1) k`,
		`INSERT INTO call_trace (account_id, call_id, position, at, step, reason, detail)
			SELECT account_id, id, 0, started, '', '', '' FROM calls`,
		`INSERT INTO orders (account_id, portfolio, product, product_name, user_product, extension_kind, extension_id, number, name, starts, state, created_by)
			SELECT account_id, 'Callplane', 'starter', 'Starter user', 'starter', 'user', id, number, name, now() - interval '1 day', 'active', 'x' FROM extensions WHERE kind = 'user'`,
		`INSERT INTO order_steps (account_id, order_id, kind, day, created_by) SELECT account_id, id, 'terminate', starts + 100 + (id % 1000)::integer, 'x' FROM orders`,
		`INSERT INTO order_lines (account_id, order_id, side, item, name, currency, once, monthly, from_day) SELECT account_id, id, 'sales', product, 'x', 'EUR', 0, 0, starts FROM orders`,
		`INSERT INTO order_history (account_id, order_id, actor, event) SELECT account_id, id, 'x', 'placed' FROM orders`,
		`INSERT INTO sims (iccid, account_id) SELECT (894935000000000000 + a * 10 + k)::text, a FROM generate_series(1, {n}) a, generate_series(1, 3) k`,
		`SELECT setval('extensions_id_seq', 1000000000)`,
		`SET session_replication_role = origin`,
		`ANALYZE`,
	} {
		sql = strings.NewReplacer("{n}", fmt.Sprint(n), "{users}", fmt.Sprint(users), "{length}", fmt.Sprint(length), "{base}", fmt.Sprint(base)).Replace(sql)
		if _, err := conn.Exec(ctx, sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}
