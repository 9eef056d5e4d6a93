package asterisk

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"callplane/controller/engine"
)

const (
	trunkPrefix  = "trunk-"
	secureSuffix = "-srtp"
	blockedACL   = "cp-blocked-"
)

// field is an attribute of a PJSIP object; their order counts.
type field struct {
	Attribute string `json:"attribute"`
	Value     string `json:"value"`
}

func (e *Engine) putObject(ctx context.Context, kind, id string, fields ...field) error {
	return e.rest.do(ctx, http.MethodPut, path("asterisk", "config", "dynamic", "res_pjsip", kind, id), nil,
		map[string]any{"fields": fields}, nil)
}

func (e *Engine) deleteObject(ctx context.Context, kind, id string) error {
	err := e.rest.delete(ctx, path("asterisk", "config", "dynamic", "res_pjsip", kind, id), nil)
	if statusOf(err) == http.StatusNotFound {
		return nil
	}
	return err
}

// SetTrunks implements engine.Engine.
func (e *Engine) SetTrunks(ctx context.Context, trunks []engine.Trunk) error {
	want := map[string]engine.Trunk{}
	for _, t := range trunks {
		if err := checkTrunk(t); err != nil {
			return fmt.Errorf("asterisk trunks: %w", err)
		}
		if _, dup := want[t.Name]; dup {
			return fmt.Errorf("asterisk trunks: %q twice: %w", t.Name, engine.ErrInvalid)
		}
		want[t.Name] = t
	}
	ctx, cancel := e.deadline(ctx)
	defer cancel()
	if err := e.config.acquire(ctx); err != nil {
		return fmt.Errorf("asterisk trunks: %w", err)
	}
	defer e.config.release()
	e.mu.Lock()
	up := e.up
	e.mu.Unlock()
	if !up {
		return fmt.Errorf("asterisk trunks: %w", engine.ErrDown)
	}
	if err := e.pushTrunks(ctx, want); err != nil {
		return fmt.Errorf("asterisk trunks: %w", err)
	}
	return nil
}

// pushTrunks makes Asterisk have exactly these. The config lock is held, or no
// operation can be under way.
func (e *Engine) pushTrunks(ctx context.Context, want map[string]engine.Trunk) error {
	e.mu.Lock()
	have := maps.Clone(e.trunks)
	pushed := maps.Clone(e.pushed)
	e.mu.Unlock()
	for name := range pushed {
		if _, keep := want[name]; keep {
			continue
		}
		if err := e.removeTrunk(ctx, name); err != nil {
			return err
		}
		e.mu.Lock()
		delete(e.pushed, name)
		delete(e.trunks, name)
		e.mu.Unlock()
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		t := want[name]
		if pushed[name] && reflect.DeepEqual(have[name], t) {
			continue
		}
		if pushed[name] {
			if err := e.removeTrunk(ctx, name); err != nil {
				return err
			}
		}
		if err := e.pushTrunk(ctx, t); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		e.mu.Lock()
		e.trunks[name] = t
		e.pushed[name] = true
		e.mu.Unlock()
	}
	return nil
}

func checkTrunk(t engine.Trunk) error {
	bad := func(what string) error { return fmt.Errorf("trunk %q: %s: %w", t.Name, what, engine.ErrInvalid) }
	if t.Name == "" || strings.Trim(t.Name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" {
		return bad("name")
	}
	if _, err := netip.ParseAddr(t.Host); err != nil && (t.Host == "" || strings.ContainsAny(t.Host, " \t\r\n\x00;@/:<>\",")) {
		return bad("host")
	}
	switch t.Transport {
	case "", "udp", "tcp", "tls":
	default:
		return bad("transport")
	}
	if strings.ContainsAny(t.Username+t.Password, "\r\n\x00") || strings.ContainsAny(t.Username, "@<>\"; ") {
		return bad("username or password")
	}
	if t.Register && t.Username == "" {
		return bad("registration without a username")
	}
	return nil
}

func (e *Engine) pushTrunk(ctx context.Context, t engine.Trunk) error {
	id := trunkPrefix + t.Name
	host := t.Host
	if a, err := netip.ParseAddr(host); err == nil && a.Is6() {
		host = "[" + host + "]"
	}
	hostPort := host
	if t.Port != 0 {
		hostPort = net.JoinHostPort(t.Host, strconv.Itoa(int(t.Port)))
	}
	uri := "sip:" + hostPort
	transport := t.Transport
	if transport == "" {
		transport = "udp"
	}
	if transport != "udp" {
		uri += ";transport=" + transport
	}
	group := "phones-"
	if e.cfg.TrunkTransports && transport != "tls" {
		group = "trunks-"
	}
	if t.Username != "" {
		if err := e.putObject(ctx, "auth", id, field{"auth_type", "userpass"}, field{"username", t.Username}, field{"password", t.Password}); err != nil {
			return err
		}
	}
	if err := e.putObject(ctx, "aor", id, field{"contact", uri}); err != nil {
		return err
	}
	endpoint := func(name, encryption string) error {
		f := []field{
			{"context", "incoming"}, {"transport", group + transport}, {"aors", id}, {"disallow", "all"}, {"allow", "alaw,ulaw,g722,opus"},
			{"identify_by", "ip"}, {"dtmf_mode", "auto"}, {"direct_media", "no"}, {"rtp_symmetric", "yes"}, {"force_rport", "yes"},
			{"from_domain", t.Host}, {"send_pai", "yes"}, {"trust_id_inbound", "yes"}, {"trust_id_outbound", "yes"},
			{"connected_line_method", "invite"}, {"redirect_method", "uri_core"}, {"ignore_183_without_sdp", "yes"}, {"moh_suggest", ""},
			{"allow_subscribe", "no"}, {"media_encryption", encryption},
		}
		if t.Username != "" {
			f = append(f, field{"outbound_auth", id})
		}
		return e.putObject(ctx, "endpoint", name, f...)
	}
	encryption := "no"
	if t.Secure {
		encryption = "sdes"
	}
	if err := endpoint(id, encryption); err != nil {
		return err
	}
	if !t.Secure {
		if err := endpoint(id+secureSuffix, "sdes"); err != nil {
			return err
		}
	}
	match := t.Host
	if len(t.Sources) > 0 {
		var nets []string
		for _, p := range t.Sources {
			nets = append(nets, p.String())
		}
		match = strings.Join(nets, ",")
	} else if a, err := netip.ParseAddr(t.Host); err == nil && a.IsLoopback() && t.Port != 0 {
		// On this host the address says nothing: phones and gateways have it too.
		match = hostPort
	}
	if err := e.putObject(ctx, "identify", id, field{"endpoint", id}, field{"match", match}); err != nil {
		return err
	}
	if !t.Register {
		return nil
	}
	expires := t.Expires
	if expires <= 0 {
		expires = 600 * time.Second
	}
	return e.putObject(ctx, "registration", id,
		field{"server_uri", uri}, field{"client_uri", "sip:" + t.Username + "@" + hostPort}, field{"contact_user", t.Username},
		field{"outbound_auth", id}, field{"transport", group + transport}, field{"expiration", strconv.Itoa(int(expires.Seconds()))},
		field{"retry_interval", "20"}, field{"forbidden_retry_interval", "60"}, field{"fatal_retry_interval", "60"},
		field{"max_retries", "1000000"}, field{"auth_rejection_permanent", "no"}, field{"line", "yes"}, field{"endpoint", id})
}

func (e *Engine) removeTrunk(ctx context.Context, name string) error {
	id := trunkPrefix + name
	var errs []error
	for _, o := range [][2]string{{"registration", id}, {"identify", id}, {"endpoint", id + secureSuffix}, {"endpoint", id}, {"aor", id}, {"auth", id}} {
		errs = append(errs, e.deleteObject(ctx, o[0], o[1]))
	}
	return errors.Join(errs...)
}

// SetBlocked implements engine.Engine.
func (e *Engine) SetBlocked(ctx context.Context, addrs []netip.Addr) error {
	var deny []string
	for _, a := range addrs {
		if !a.IsValid() || a.IsUnspecified() {
			return fmt.Errorf("asterisk block: address %v: %w", a, engine.ErrInvalid)
		}
		deny = append(deny, a.Unmap().WithZone("").String())
	}
	slices.Sort(deny)
	deny = slices.Compact(deny)
	ctx, cancel := e.deadline(ctx)
	defer cancel()
	if err := e.config.acquire(ctx); err != nil {
		return fmt.Errorf("asterisk block: %w", err)
	}
	defer e.config.release()
	e.mu.Lock()
	up := e.up
	e.mu.Unlock()
	if !up {
		return fmt.Errorf("asterisk block: %w", engine.ErrDown)
	}
	if err := e.pushBlocked(ctx, deny); err != nil {
		return fmt.Errorf("asterisk block: %w", err)
	}
	e.mu.Lock()
	e.blocked = deny
	e.mu.Unlock()
	return nil
}

// pushBlocked puts a new object in place of the one before: an acl can't be changed, nor read. Asterisk
// makes it, then fails to print it and answers 500. The config lock is held, or no operation can be under way.
func (e *Engine) pushBlocked(ctx context.Context, deny []string) error {
	old, next := blockedACL+"a", blockedACL+"b"
	e.mu.Lock()
	if e.blockedB {
		old, next = next, old
	}
	e.mu.Unlock()
	if len(deny) == 0 {
		return e.deleteObject(ctx, "acl", old)
	}
	var f []field
	for _, a := range deny {
		bits := "/32"
		if strings.Contains(a, ":") {
			bits = "/128"
		}
		f = append(f, field{"deny", a + bits})
	}
	err := e.putObject(ctx, "acl", next, f...)
	var se *statusError
	if errors.As(err, &se) && !(se.Status == http.StatusInternalServerError && strings.Contains(se.Message, "Allocation failed")) {
		return err
	}
	if err != nil && se == nil {
		return err
	}
	e.mu.Lock()
	e.blockedB = !e.blockedB
	e.mu.Unlock()
	return e.deleteObject(ctx, "acl", old)
}

// restore gives an Asterisk what it lost by its restart, or what another controller may
// have left.
func (e *Engine) restore(ctx context.Context, restarted bool) error {
	if !restarted {
		return nil
	}
	e.mu.Lock()
	trunks := maps.Clone(e.trunks)
	deny := e.blocked
	e.mu.Unlock()
	if err := e.pushTrunks(ctx, trunks); err != nil {
		return err
	}
	// Of an earlier run.
	for _, name := range []string{"a", "b"} {
		if err := e.deleteObject(ctx, "acl", blockedACL+name); err != nil {
			return err
		}
	}
	if len(deny) > 0 {
		if err := e.pushBlocked(ctx, deny); err != nil {
			return err
		}
	}
	return nil
}
