package api

import (
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/golang-jwt/jwt/v5"
	"github.com/oauth2-proxy/mockoidc"
	"github.com/pquerna/otp/totp"

	"callplane/admin/identity"
	"callplane/store"
)

// seat is a browser at which somebody logs in.
type seat struct {
	w      *world
	cookie string
}

const password = "a long password"

// do asks as a page of ours does.
func (s *seat) do(method, path string, in any, header ...string) reply {
	s.w.t.Helper()
	if s.cookie != "" {
		header = append(header, "Cookie", s.cookie)
	}
	return s.w.do("", method, path, in, append(header, "Sec-Fetch-Site", "same-origin")...)
}

// logIn keeps the cookie of an answer.
func (s *seat) logIn(in body) reply {
	s.w.t.Helper()
	r := s.do("POST", "/session", in)
	if c := r.header.Get("Set-Cookie"); c != "" {
		s.cookie, _, _ = strings.Cut(c, ";")
	}
	return r
}

// person makes a login of account a (0: of the platform) whose password needs no change.
func (w *world) person(email string, role store.Role, account int64, more body) int64 {
	w.t.Helper()
	path := "/logins"
	if account != 0 {
		path = fmt.Sprintf("/accounts/%d/logins", account)
	}
	in := body{"email": email, "name": "Ann", "role": string(role), "password": password}
	for k, v := range more {
		in[k] = v
	}
	id := w.do(w.operator, "POST", path, in).want(201).num("id")
	if _, err := w.raw.Exec(w.t.Context(), `UPDATE logins SET must_change = false WHERE id = $1`, id); err != nil {
		w.t.Fatal(err)
	}
	return id
}

func (w *world) seat(email string) *seat {
	w.t.Helper()
	s := &seat{w: w}
	s.logIn(body{"email": email, "password": password}).want(201)
	return s
}

func TestACC_05_LogIn(t *testing.T) {
	w := newWorld(t, true)
	acc := fmt.Sprintf("/accounts/%d", w.a.id)
	w.person("ann@example.com", store.RoleAdmin, w.a.id, nil)
	s := &seat{w: w}
	r := s.logIn(body{"email": "Ann@Example.com", "password": password}).want(201)
	if c := r.header.Get("Set-Cookie"); !strings.HasPrefix(c, "callplane=") || !strings.Contains(c, "HttpOnly") || !strings.Contains(c, "SameSite=Strict") || strings.Contains(c, "Secure") {
		t.Errorf("cookie %s", c)
	}
	if strings.Contains(string(r.raw), strings.TrimPrefix(s.cookie, "callplane=")) || r.str("role") != "admin" || r.num("account") != w.a.id {
		t.Errorf("answer %s", r.raw)
	}
	s.do("GET", acc+"/extensions", nil).want(200)
	s.do("POST", acc+"/extensions", body{"number": "450", "name": "New", "kind": "user"}).want(201)
	s.do("GET", fmt.Sprintf("/accounts/%d", w.b.id), nil).want(404)
	s.do("GET", "/trunks", nil).want(403)
	if got := s.do("GET", "/session", nil).want(200).str("email"); got != "ann@example.com" {
		t.Errorf("who: %s", got)
	}
	var actor string
	if err := w.raw.QueryRow(t.Context(), `SELECT actor FROM audit_log WHERE entity = 'extension' ORDER BY id DESC LIMIT 1`).Scan(&actor); err != nil || !strings.Contains(actor, "ann@example.com") {
		t.Errorf("audit log: %q, %v", actor, err)
	}
	// Another site makes the browser ask.
	for _, h := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://evil.example"}} {
		w.do("", "POST", acc+"/extensions", body{"number": "451", "name": "Evil", "kind": "user"}, append(h, "Cookie", s.cookie)...).want(403)
		w.do("", "POST", "/session", body{"email": "ann@example.com", "password": password}, h...).want(403)
	}
	s.do("DELETE", "/session", nil).want(204)
	s.do("GET", acc, nil).want(401)
	w.do("", "GET", acc, nil, "Cookie", "callplane=nonsense").want(401)
	w.do(w.a.admin, "GET", "/session/all", nil).want(403)
}

func TestLogInIsRefusedAlike(t *testing.T) {
	w := newWorld(t, true)
	id := w.person("ann@example.com", store.RoleAdmin, w.a.id, nil)
	w.person("off@example.com", store.RoleAdmin, w.a.id, body{"enabled": false})
	s := &seat{w: w}
	first := s.logIn(body{"email": "ann@example.com", "password": "another password"}).want(401)
	for name, in := range map[string]body{
		"unknown":  {"email": "nobody@example.com", "password": password},
		"disabled": {"email": "off@example.com", "password": password},
		"no login": {"email": "' OR 1=1 --", "password": password},
	} {
		if r := s.logIn(in).want(401); string(r.raw) != string(first.raw) {
			t.Errorf("%s: %s", name, r.raw)
		}
	}
	// Five in a row lock it, also for the right password; then it opens again.
	for range 4 {
		s.logIn(body{"email": "ann@example.com", "password": "another password"}).want(401)
	}
	if r := s.logIn(body{"email": "ann@example.com", "password": password}).want(401); string(r.raw) != string(first.raw) {
		t.Errorf("locked: %s", r.raw)
	}
	if _, err := w.raw.Exec(t.Context(), `UPDATE logins SET locked_until = now() - interval '1 second' WHERE id = $1`, id); err != nil {
		t.Fatal(err)
	}
	s.logIn(body{"email": "ann@example.com", "password": password}).want(201)
	// An address that tries too often waits, whoever it says it is.
	status := 0
	for i := 0; i < attemptsBurst+5 && status != http.StatusTooManyRequests; i++ {
		status = s.logIn(body{"email": fmt.Sprintf("x%d@example.com", i), "password": "p"}).status
	}
	if status != http.StatusTooManyRequests {
		t.Error("guessing goes on")
	}
}

func TestPasswordMustBeChanged(t *testing.T) {
	w := newWorld(t, true)
	acc := fmt.Sprintf("/accounts/%d", w.a.id)
	w.do(w.operator, "POST", acc+"/logins", body{"email": "new@example.com", "name": "New", "role": "admin", "password": password}).want(201)
	s := w.seat("new@example.com")
	s.do("GET", acc, nil).want(403)
	if r := s.do("GET", "/session", nil).want(200); r.body["must_change"] != true {
		t.Errorf("%s", r.raw)
	}
	other := w.seat("new@example.com")
	for in, name := range map[string]string{"short": "body.new", password: "body.new", "new@example.com": "body.new"} {
		if r := s.do("PUT", "/session/password", body{"current": password, "new": in}).want(422); !r.names(name) {
			t.Errorf("%s: %s", in, r.raw)
		}
	}
	if r := s.do("PUT", "/session/password", body{"current": "wrong", "new": "another long password"}).want(422); !r.names("body.current") {
		t.Errorf("%s", r.raw)
	}
	s.do("PUT", "/session/password", body{"current": password, "new": "another long password"}).want(204)
	s.do("GET", acc, nil).want(200)
	other.do("GET", acc, nil).want(401)
	s.logIn(body{"email": "new@example.com", "password": "another long password"}).want(201)
	var audit string
	if err := w.raw.QueryRow(t.Context(), `SELECT string_agg(coalesce(before::text, '') || coalesce(after::text, ''), ' ') FROM audit_log`).Scan(&audit); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{password, "another long", "argon2id"} {
		if strings.Contains(audit, secret) {
			t.Errorf("%q is in the audit log", secret)
		}
	}
}

func TestACC_05_SecondFactor(t *testing.T) {
	w := newWorld(t, true)
	acc := fmt.Sprintf("/accounts/%d", w.a.id)
	id := w.person("ann@example.com", store.RoleAdmin, w.a.id, nil)
	s := w.seat("ann@example.com")
	s.do("POST", "/session/totp", body{"password": "wrong password"}).want(422)
	setup := s.do("POST", "/session/totp", body{"password": password}).want(201)
	code := func(at time.Time) string {
		c, err := totp.GenerateCode(setup.str("secret"), at)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if r := s.do("PUT", "/session/totp", body{"password": password, "code": "000000"}).want(422); !r.names("body.code") {
		t.Errorf("%s", r.raw)
	}
	// Of the step before, so that there is one left to log in with.
	confirmed := s.do("PUT", "/session/totp", body{"password": password, "code": code(time.Now().Add(-30 * time.Second))}).want(200)
	recovery := confirmed.body["recovery"].([]any)
	next := &seat{w: w}
	if r := next.logIn(body{"email": "ann@example.com", "password": password}).want(401); r.str("type") != "totp-required" {
		t.Errorf("%s", r.raw)
	}
	if r := next.logIn(body{"email": "ann@example.com", "password": "wrong password"}).want(401); r.str("type") == "totp-required" {
		t.Errorf("a wrong password tells of a code: %s", r.raw)
	}
	next.logIn(body{"email": "ann@example.com", "password": password, "code": "123"}).want(401)
	now := code(time.Now())
	next.logIn(body{"email": "ann@example.com", "password": password, "code": now}).want(201)
	next.do("GET", acc, nil).want(200)
	next.logIn(body{"email": "ann@example.com", "password": password, "code": now}).want(401)
	next.logIn(body{"email": "ann@example.com", "password": password, "code": recovery[0]}).want(201)
	next.logIn(body{"email": "ann@example.com", "password": password, "code": recovery[0]}).want(401)
	for _, r := range []reply{s.do("GET", "/session", nil), w.do(w.operator, "GET", fmt.Sprintf("%s/logins/%d", acc, id), nil)} {
		if strings.Contains(string(r.raw), setup.str("secret")) || r.body["totp"] != true {
			t.Errorf("%s", r.raw)
		}
	}
	s.do("POST", "/session/totp/removal", body{"password": password}).want(204)
	next.logIn(body{"email": "ann@example.com", "password": password}).want(201)
}

func TestACC_05_SessionsEnd(t *testing.T) {
	w := newWorld(t, true)
	acc := fmt.Sprintf("/accounts/%d", w.a.id)
	id := w.person("ann@example.com", store.RoleAdmin, w.a.id, nil)
	path := fmt.Sprintf("%s/logins/%d", acc, id)
	one, two := w.seat("ann@example.com"), w.seat("ann@example.com")
	list := one.do("GET", "/session/all", nil).want(200).items()
	if len(list) != 2 || list[0]["current"] == list[1]["current"] {
		t.Fatalf("sessions: %v", list)
	}
	one.do("DELETE", fmt.Sprintf("/session/all/%v", list[0]["id"]), nil).want(204)
	two.do("GET", acc, nil).want(401)
	// Another's session is not there.
	w.person("bob@example.com", store.RoleAdmin, w.a.id, nil)
	bob := w.seat("bob@example.com")
	bob.do("DELETE", fmt.Sprintf("/session/all/%v", list[1]["id"]), nil).want(404)
	w.do(w.a.admin, "DELETE", path+"/sessions", nil).want(204)
	one.do("GET", acc, nil).want(401)
	for name, change := range map[string]func(){
		"unused":   func() { w.exec(`UPDATE sessions SET seen_at = now() - interval '61 minutes' WHERE login_id = $1`, id) },
		"too long": func() { w.exec(`UPDATE sessions SET expires_at = now() - interval '1 second' WHERE login_id = $1`, id) },
		"disabled": func() {
			w.do(w.operator, "PUT", path, body{"email": "ann@example.com", "name": "Ann", "role": "admin", "enabled": false}).want(200)
			w.do(w.operator, "PUT", path, body{"email": "ann@example.com", "name": "Ann", "role": "admin"}).want(200)
		},
	} {
		s := w.seat("ann@example.com")
		change()
		if r := s.do("GET", acc, nil); r.status != 401 {
			t.Errorf("%s: %d", name, r.status)
		}
	}
	s := w.seat("ann@example.com")
	w.do(w.operator, "DELETE", path, nil).want(204)
	s.do("GET", acc, nil).want(401)
}

func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	if _, err := w.raw.Exec(w.t.Context(), sql, args...); err != nil {
		w.t.Fatal(err)
	}
}

func TestACC_02_PartnersSeeTheirAccounts(t *testing.T) {
	w := newWorld(t, true)
	partner := w.a.params["partner"]
	w.do(w.operator, "PUT", fmt.Sprintf("/accounts/%d", w.a.id), body{"name": "Alpha", "country": "NL", "extension_length": 3, "partner": number(partner), "emergency_caller_id": w.a.params["number"]}).want(200)
	w.person("boss@example.com", store.RolePartner, 0, body{"partner": number(partner)})
	w.person("op@example.com", store.RoleOperator, 0, nil)
	w.person("admin@example.com", store.RoleAdmin, w.a.id, nil)
	w.person("user@example.com", store.RoleUser, w.a.id, body{"user": "101"})
	boss := w.seat("boss@example.com")
	items := boss.do("GET", "/accounts", nil).want(200).items()
	if len(items) != 1 || items[0]["name"] != "Alpha" {
		t.Errorf("accounts of the partner: %v", items)
	}
	for _, o := range readDocument(t, w).operations() {
		if !strings.Contains(o.path, "{account}") {
			continue
		}
		if r := boss.do(o.method, fill(t, o.path, w.b.params), o.in(t, w.b)); r.status != 404 && r.status != 403 || strings.Contains(string(r.raw), "Beta") {
			t.Errorf("%s of another's account: %d %s", o.id, r.status, r.raw)
		}
		if o.method == "GET" {
			boss.do(o.method, fill(t, o.path, w.a.params), nil).want(200)
		}
	}
	// A new customer is the partner's own, whatever was written; it can't give one away.
	id := boss.do("POST", "/accounts", body{"name": "Gamma", "country": "NL", "partner": number(w.b.params["partner"])}).want(201)
	if id.num("partner") != number(partner) {
		t.Errorf("new account: %s", id.raw)
	}
	boss.do("PUT", fmt.Sprintf("/accounts/%d", id.num("id")), body{"name": "Gamma", "country": "NL", "extension_length": 3, "partner": number(w.b.params["partner"])}).want(422)
	boss.do("PUT", fmt.Sprintf("/accounts/%d", id.num("id")), body{"name": "Gamma 2", "country": "NL", "extension_length": 3, "partner": number(partner), "call_limit": 7}).want(200)
	for _, path := range []string{"/trunks", "/partners", "/logins", "/tokens"} {
		boss.do("GET", path, nil).want(403)
	}
	// Operators see all, administrators one, users nothing that is the account's.
	if n := len(w.seat("op@example.com").do("GET", "/accounts", nil).want(200).items()); n != 3 {
		t.Errorf("the operator sees %d accounts", n)
	}
	if n := len(w.seat("admin@example.com").do("GET", "/accounts", nil).want(200).items()); n != 1 {
		t.Errorf("the administrator sees %d accounts", n)
	}
	user := w.seat("user@example.com")
	user.do("GET", fmt.Sprintf("/accounts/%d/extensions", w.a.id), nil).want(403)
	user.do("GET", fmt.Sprintf("/accounts/%d/extensions", w.b.id), nil).want(403)
}

// Every role with every operation: what the operation's own description allows, and nothing else.
func TestACC_05_RolesAndOperations(t *testing.T) {
	w := newWorld(t, true)
	partner := w.a.params["partner"]
	w.exec(`UPDATE accounts SET partner_id = $1 WHERE id = $2`, number(partner), w.a.id)
	_, api := build(Config{DB: w.db})
	type rule struct {
		scope    scope
		operator bool
		reseller bool
		roles    []store.Role
	}
	rules := map[string]rule{}
	for _, item := range api.OpenAPI().Paths {
		for _, o := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if o == nil {
				continue
			}
			sc, _ := o.Metadata[metaScope].(scope)
			roles, _ := o.Metadata[metaRoles].([]store.Role)
			rules[o.OperationID] = rule{sc, o.Metadata[metaOperator] != nil, o.Metadata[metaReseller] != nil, roles}
		}
	}
	tokens := map[store.Role]*seat{}
	roles := []store.Role{store.RoleOperator, store.RolePartner, store.RoleAdmin, store.RoleReadonly, store.RoleRecordings, store.RoleOwnRecordings, store.RoleSupervisor, store.RoleUser}
	for i, role := range roles {
		more, account := body{}, w.a.id
		switch role {
		case store.RoleOperator:
			account = 0
		case store.RolePartner:
			account, more["partner"] = 0, number(partner)
		case store.RoleUser, store.RoleOwnRecordings:
			more["user"] = "101"
		}
		email := fmt.Sprintf("p%d@example.com", i)
		w.person(email, role, account, more)
		tokens[role] = w.seat(email)
	}
	count := 0
	matrix := map[string]map[store.Role]bool{} // by operation
	for _, o := range readDocument(t, w).operations() {
		r := rules[o.id]
		matrix[o.id] = map[store.Role]bool{}
		for role, s := range tokens {
			listed := false
			for _, x := range r.roles {
				listed = listed || x == role
			}
			var may bool
			switch role {
			case store.RoleOperator:
				matrix[o.id][role] = true
				continue // may everything, and would delete what the others are tried with
			case store.RolePartner:
				may = !r.operator && (r.scope != scopePlatform || listed)
			case store.RoleAdmin:
				may = !r.operator && !r.reseller && r.scope != scopePlatform
			case store.RoleReadonly:
				may = !r.operator && !r.reseller && r.scope != scopePlatform && o.method == "GET"
			default:
				may = listed
			}
			matrix[o.id][role] = may
			if may && o.method != "GET" {
				continue // that these work is shown elsewhere
			}
			count++
			reply := s.do(o.method, fill(t, o.path, w.a.params), o.in(t, w.a))
			if got := reply.status != 403; got != may {
				t.Errorf("%s as %s: %d, allowed: %v: %.200s", o.id, role, reply.status, may, reply.raw)
			}
		}
	}
	t.Logf("figure: role matrix: %d operations, %d combinations with a role tried; allowed are %s", len(matrix), count, allowed(matrix, roles))
	t.Log("\n" + table(matrix, roles))
}

// allowed tells how many operations each role has.
func allowed(matrix map[string]map[store.Role]bool, roles []store.Role) string {
	parts := make([]string, len(roles))
	for i, r := range roles {
		n := 0
		for _, may := range matrix {
			if may[r] {
				n++
			}
		}
		parts[i] = fmt.Sprintf("%s %d", r, n)
	}
	return strings.Join(parts, ", ")
}

// table shows which role may do what.
func table(matrix map[string]map[store.Role]bool, roles []store.Role) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "operation")
	for _, r := range roles {
		fmt.Fprint(w, "\t", r)
	}
	fmt.Fprintln(w)
	for _, o := range slices.Sorted(maps.Keys(matrix)) {
		fmt.Fprint(w, o)
		for _, r := range roles {
			fmt.Fprint(w, "\t", map[bool]string{true: "yes", false: "-"}[matrix[o][r]])
		}
		fmt.Fprintln(w)
	}
	_ = w.Flush() // a builder takes everything
	return b.String()
}

// issued is somebody of whom the issuer always says whether the address was checked.
type issued struct {
	*mockoidc.MockUser
	verified bool
}

func (u issued) Claims(_ []string, claims *mockoidc.IDTokenClaims) (jwt.Claims, error) {
	return struct {
		*mockoidc.IDTokenClaims
		Email    string `json:"email"`
		Verified bool   `json:"email_verified"`
	}{claims, u.Email, u.verified}, nil
}

func TestACC_05_SignOnAtAnOpenIDProvider(t *testing.T) {
	provider, err := mockoidc.Run()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = provider.Shutdown() })
	w := newWorld(t, true)
	mux := http.NewServeMux()
	web := httptest.NewServer(mux)
	t.Cleanup(web.Close)
	mux.Handle("/", New(Config{DB: w.db, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), PublicURL: web.URL,
		Issuers: []identity.Issuer{{Name: "mock", Title: "Mock", URL: provider.Issuer(), ClientID: provider.ClientID, ClientSecret: provider.ClientSecret}}}))
	w.person("ann@example.com", store.RoleAdmin, w.a.id, nil)
	// where a browser ends that logs in at the issuer as email, and what it then is
	visit := func(email string, verified bool, change func(*http.Request)) (string, int) {
		t.Helper()
		provider.QueueUser(issued{&mockoidc.MockUser{Subject: "1", Email: email}, verified})
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		c := &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if r.URL.Host == strings.TrimPrefix(web.URL, "http://") && !strings.Contains(r.URL.Path, "/session/") {
				return http.ErrUseLastResponse
			}
			if change != nil {
				change(r)
			}
			return nil
		}}
		resp, err := c.Get(web.URL + Prefix + "/session/sign-on/mock")
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		me, err := c.Get(web.URL + Prefix + "/session")
		if err != nil {
			t.Fatal(err)
		}
		_ = me.Body.Close()
		return strings.TrimPrefix(resp.Header.Get("Location"), web.URL), me.StatusCode
	}
	for _, c := range []struct {
		name, email string
		verified    bool
		change      func(*http.Request)
		to          string
		status      int
	}{
		{"known", "ANN@example.com", true, nil, "/", 200},
		{"unknown", "eve@example.com", true, nil, "/?sign-on=unknown", 401},
		{"not verified", "ann@example.com", false, nil, "/?sign-on=failed", 401},
		{"another state", "ann@example.com", true, func(r *http.Request) {
			if q := r.URL.Query(); q.Has("code") {
				q.Set("state", "x")
				r.URL.RawQuery = q.Encode()
			}
		}, "/?sign-on=failed", 401},
		{"no cookie", "ann@example.com", true, func(r *http.Request) {
			if r.URL.Query().Has("code") {
				r.Header.Del("Cookie")
				r.URL.Host = strings.Replace(r.URL.Host, "127.0.0.1", "localhost", 1)
			}
		}, "/?sign-on=failed", 401},
	} {
		if to, status := visit(c.email, c.verified, c.change); to != c.to || status != c.status {
			t.Errorf("%s: %s, %d", c.name, to, status)
		}
	}
	list, err := http.Get(web.URL + Prefix + "/session/sign-on")
	if err != nil {
		t.Fatal(err)
	}
	defer list.Body.Close()
	b, err := io.ReadAll(list.Body)
	if err != nil || !strings.Contains(string(b), `"title":"Mock"`) || strings.Contains(string(b), provider.ClientSecret) {
		t.Errorf("%s, %v", b, err)
	}
	if r := w.do("", "GET", "/session/sign-on/none", nil); r.status != 404 {
		t.Errorf("an issuer that is none: %d", r.status)
	}
}

func TestCookieOverTLS(t *testing.T) {
	w := newWorld(t, true)
	w.person("ann@example.com", store.RoleAdmin, w.a.id, nil)
	w.h = New(Config{DB: w.db, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), PublicURL: "https://pbx.example.com"})
	s := &seat{w: w}
	r := s.logIn(body{"email": "ann@example.com", "password": password}).want(201)
	if c := r.header.Get("Set-Cookie"); !strings.HasPrefix(c, "__Host-callplane=") || !strings.Contains(c, "Secure") || !strings.Contains(c, "Path=/;") || strings.Contains(c, "Domain") {
		t.Errorf("cookie %s", c)
	}
	s.do("GET", "/session", nil).want(200)
}
