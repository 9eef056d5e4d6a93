package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"golang.org/x/time/rate"

	"callplane/dialplan"
	"callplane/store"
)

// principal is who asks, by a token or a session.
type principal struct {
	id      int64 // of the token
	name    string
	role    store.Role
	account dialplan.AccountID // 0: the platform
	partner int64              // for role partner
	user    string             // extension number, for roles user and own-recordings
	secret  string             // of the token or session, to see later whether it still holds
	// With a session, else nil.
	login   *store.Login
	session *store.Session
}

func (p principal) actor() string {
	if p.login != nil {
		return actorOf(p.login)
	}
	return "token " + strconv.FormatInt(p.id, 10) + " (" + p.name + ")"
}

func actorOf(l *store.Login) string {
	return "login " + strconv.FormatInt(l.ID, 10) + " (" + l.Email + ")"
}

type principalKey struct{}

func who(ctx context.Context) principal {
	p, _ := ctx.Value(principalKey{}).(principal)
	return p
}

// principal finds who a token belongs to.
func (s *server) principal(ctx context.Context, token string) (principal, error) {
	var p principal
	err := s.cfg.DB.Platform(ctx, func(tx *store.Tx) error {
		t, err := tx.FindToken(ctx, token)
		if err == nil {
			p = principal{id: t.ID, name: t.Name, role: t.Role, account: t.Account, partner: t.Partner, user: t.User, secret: token}
		}
		return err
	})
	return p, err
}

// loggedIn finds who a session belongs to.
func (s *server) loggedIn(ctx context.Context, secret string) (principal, error) {
	var p principal
	err := s.cfg.DB.Platform(ctx, func(tx *store.Tx) error {
		session, l, err := tx.FindSession(ctx, secret, sessionIdle)
		if err == nil {
			p = principal{id: -l.ID, name: l.Name, role: l.Role, account: l.Account, partner: l.Partner, user: l.User, secret: secret, login: l, session: session}
		}
		return err
	})
	return p, err
}

// again looks whether the token or session of p still holds: streams live longer than the look at their beginning.
func (s *server) again(ctx context.Context, p principal) error {
	find := s.principal
	if p.login != nil {
		find = s.loggedIn
	}
	_, err := find(ctx, p.secret)
	return err
}

// scope says who may use an operation.
type scope string

const (
	scopeAccount  scope = "account"  // below /accounts/{account}: that account, its partner, operators
	scopePlatform scope = "platform" // operators
	scopeAny      scope = "any"      // everybody; the handler shows each what is their own
	scopeSession  scope = "session"  // whoever is logged in; not tokens
	scopePublic   scope = "public"   // also who is not logged in
)

// The scope of an operation is in its metadata (none: nobody may use it), and so is that
// only operators may do it, although it is about one account, and which roles may do it beside administrators.
const (
	metaScope    = "scope"
	metaOperator = "operator"
	metaRoles    = "roles"
	metaReseller = "reseller" // only operators and partners
	metaStream   = "stream"   // the handler reads the body as it comes
)

func operatorOnly(o huma.Operation) huma.Operation {
	o.Metadata = map[string]any{metaOperator: true}
	o.Description = "Needs role operator."
	return o
}

// resellerOnly keeps what an account costs its reseller, and what the reseller grants it, from the account's own people.
func resellerOnly(o huma.Operation) huma.Operation {
	o.Metadata = map[string]any{metaReseller: true}
	o.Description = "Needs role operator or partner."
	return o
}

// also lets roles do what else only administrators may; the handler shows and takes what is the user's own where the role is
// that of a user.
func also(o huma.Operation, roles ...store.Role) huma.Operation {
	if o.Metadata == nil {
		o.Metadata = make(map[string]any)
	}
	before, _ := o.Metadata[metaRoles].([]store.Role)
	o.Metadata[metaRoles] = append(slices.Clone(before), roles...)
	return o
}

// register adds an operation with its checks. Reading is GET, all else changes something.
func register[I, O any](s *server, api huma.API, sc scope, op huma.Operation, h func(context.Context, *I) (*O, error)) {
	op.Path = Prefix + op.Path
	if op.Metadata == nil {
		op.Metadata = make(map[string]any)
	}
	op.Metadata[metaScope] = sc
	if op.MaxBodyBytes == 0 {
		op.MaxBodyBytes = s.cfg.MaxBody
	}
	op.Middlewares = huma.Middlewares{s.authenticate(api)}
	if op.Metadata[metaStream] != nil {
		op.Middlewares = append(op.Middlewares, stream)
	}
	op.Errors = append(op.Errors, http.StatusUnauthorized, http.StatusForbidden)
	if sc == scopeAccount {
		op.Errors = append(op.Errors, http.StatusNotFound)
	}
	huma.Register(api, op, h)
}

func (s *server) authenticate(api huma.API) func(huma.Context, func(huma.Context)) {
	refuse := func(c huma.Context, status int, detail string) {
		if status == http.StatusUnauthorized {
			c.SetHeader("WWW-Authenticate", "Bearer")
		}
		_ = huma.WriteErr(api, c, status, detail) // the client went away
	}
	return func(c huma.Context, next func(huma.Context)) {
		c = huma.WithValue(c, requestKey{}, requestOf(c))
		if c.Operation().Metadata[metaScope] == scopePublic {
			if !s.sameSite(c) {
				refuse(c, http.StatusForbidden, "this comes from another site")
				return
			}
			next(c)
			return
		}
		p, status, detail := s.identify(c)
		if status == 0 && !s.limits.allow(p.id) {
			c.SetHeader("Retry-After", "1")
			status, detail = http.StatusTooManyRequests, "too many requests"
		}
		if status == 0 {
			status, detail = permit(p, c)
		}
		if status == 0 && p.role == store.RolePartner {
			status, detail = s.ofPartner(c, p)
		}
		if status != 0 {
			refuse(c, status, detail)
			return
		}
		next(huma.WithValue(c, principalKey{}, p))
	}
}

// identify finds who asks; a token goes before a session.
func (s *server) identify(c huma.Context) (p principal, status int, detail string) {
	var err error
	if header := c.Header("Authorization"); header != "" {
		scheme, token, _ := strings.Cut(header, " ")
		token = strings.TrimSpace(token)
		if !strings.EqualFold(scheme, "Bearer") || token == "" || len(token) > 200 {
			return p, http.StatusUnauthorized, "an API token is needed: Authorization: Bearer …"
		}
		p, err = s.principal(c.Context(), token)
	} else {
		info, _ := c.Context().Value(requestKey{}).(requestInfo)
		secret := ""
		for _, k := range info.cookies {
			if k.Name == s.cookieName() {
				secret = k.Value
			}
		}
		if secret == "" {
			return p, http.StatusUnauthorized, "log in, or give an API token: Authorization: Bearer …"
		}
		// A browser sends the cookie whoever made it ask.
		if !s.sameSite(c) {
			return p, http.StatusForbidden, "this comes from another site"
		}
		p, err = s.loggedIn(c.Context(), secret)
	}
	var none *store.NotFound
	var se huma.StatusError
	switch {
	case err == nil:
		return p, 0, ""
	case errors.As(err, &none):
		return p, http.StatusUnauthorized, "the token or session is unknown, revoked or expired"
	case errors.As(s.answer(c.Context(), err, nil), &se):
		return p, se.GetStatus(), se.Error()
	}
	return p, http.StatusInternalServerError, "something went wrong here; it is in the log"
}

// sameSite tells a request of our own pages, or of no browser, from what another site made a browser send.
func (s *server) sameSite(c huma.Context) bool {
	r, _ := humachi.Unwrap(c)
	return s.origins.Check(r) == nil
}

// permit checks role and account; status 0: go on. What a partner may see of accounts is checked by ofPartner.
func permit(p principal, c huma.Context) (status int, detail string) {
	op := c.Operation()
	sc, _ := op.Metadata[metaScope].(scope)
	roles, _ := op.Metadata[metaRoles].([]store.Role)
	switch {
	case sc == "":
		return http.StatusForbidden, "nobody may do this"
	case sc == scopeSession:
		if p.login == nil {
			return http.StatusForbidden, "this is for people who are logged in"
		}
		return 0, ""
	case op.Method == http.MethodGet && op.OperationID == "get-session":
		return 0, ""
	case p.login != nil && p.login.MustChange:
		return http.StatusForbidden, "the password must be changed first"
	case p.role == store.RoleOperator:
		return 0, ""
	}
	listed := slices.Contains(roles, p.role)
	if p.role == store.RolePartner {
		if sc == scopePlatform && !listed || op.Metadata[metaOperator] != nil {
			return http.StatusForbidden, "this needs role operator"
		}
		return 0, ""
	}
	if p.role != store.RoleAdmin && p.role != store.RoleReadonly && !listed {
		return http.StatusForbidden, "role " + string(p.role) + " may not do this"
	}
	if id := c.Param("account"); id != "" && id != itoa(p.account) {
		return http.StatusNotFound, "account " + clip(id) + " not found"
	}
	if sc == scopePlatform || op.Metadata[metaOperator] != nil {
		return http.StatusForbidden, "this needs role operator"
	}
	if op.Metadata[metaReseller] != nil {
		return http.StatusForbidden, "this needs role operator or partner"
	}
	if p.role == store.RoleReadonly && op.Method != http.MethodGet {
		return http.StatusForbidden, "role readonly may not change anything"
	}
	return 0, ""
}

// ofPartner keeps a partner to its own accounts (ACC-02).
func (s *server) ofPartner(c huma.Context, p principal) (status int, detail string) {
	param := c.Param("account")
	if param == "" {
		return 0, ""
	}
	missing := "account " + clip(param) + " not found"
	id, err := strconv.ParseInt(param, 10, 64)
	if err != nil {
		return http.StatusNotFound, missing
	}
	var a *store.Account
	err = s.onPlatform(c.Context(), nil, func(tx *store.Tx) (err error) {
		a, err = tx.ReadAccount(c.Context(), dialplan.AccountID(id))
		return err
	})
	var se huma.StatusError
	switch {
	case err == nil && a.Partner == p.partner && p.partner != 0:
		return 0, ""
	case err == nil, isStatus(err, http.StatusNotFound):
		return http.StatusNotFound, missing
	case errors.As(err, &se):
		return se.GetStatus(), se.Error()
	}
	return http.StatusInternalServerError, "something went wrong here; it is in the log"
}

// clip keeps what strangers send short in messages.
func clip(s string) string {
	if len(s) > 40 {
		return strings.ToValidUTF8(s[:40], "") + "…"
	}
	return s
}

// limiters hold a bucket for each token in use.
type limiters struct {
	perSecond int
	mu        sync.Mutex
	byToken   map[int64]*rate.Limiter
}

func newLimiters(perSecond int) *limiters {
	return &limiters{perSecond: perSecond, byToken: make(map[int64]*rate.Limiter)}
}

// maxLimiters are remembered; beyond that all buckets are full again.
const maxLimiters = 10000

func (l *limiters) allow(token int64) bool {
	if l.perSecond <= 0 {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.byToken[token]
	if b == nil {
		if len(l.byToken) >= maxLimiters {
			clear(l.byToken)
		}
		b = rate.NewLimiter(rate.Limit(l.perSecond), 2*l.perSecond)
		l.byToken[token] = b
	}
	return b.Allow()
}
