package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/time/rate"

	"callplane/dialplan"
	"callplane/store"
)

// principal is who asks.
type principal struct {
	id      int64
	name    string
	role    store.Role
	account dialplan.AccountID // 0: the platform
	user    string             // extension number, for role user
	secret  string             // the token itself, to see later whether it still holds
}

func (p principal) actor() string {
	return "token " + strconv.FormatInt(p.id, 10) + " (" + p.name + ")"
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
			p = principal{id: t.ID, name: t.Name, role: t.Role, account: t.Account, user: t.User, secret: token}
		}
		return err
	})
	return p, err
}

// scope says who may use an operation.
type scope string

const (
	scopeAccount  scope = "account"  // below /accounts/{account}: that account's tokens, operators
	scopePlatform scope = "platform" // operators
	scopeAny      scope = "any"      // every token; the handler shows each what is its own
)

// The scope of an operation is in its metadata (none: nobody may use it), and so is that
// only operators may do it, although it is about one account.
const (
	metaScope    = "scope"
	metaOperator = "operator"
	metaUser     = "user" // tokens of role user may do it, too; the handler shows what is the user's
)

func operatorOnly(o huma.Operation) huma.Operation {
	o.Metadata = map[string]any{metaOperator: true}
	o.Description = "Needs a token of role operator."
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
		scheme, token, _ := strings.Cut(c.Header("Authorization"), " ")
		token = strings.TrimSpace(token)
		if !strings.EqualFold(scheme, "Bearer") || token == "" || len(token) > 200 {
			refuse(c, http.StatusUnauthorized, "an API token is needed: Authorization: Bearer …")
			return
		}
		p, err := s.principal(c.Context(), token)
		var none *store.NotFound
		switch {
		case errors.As(err, &none):
			refuse(c, http.StatusUnauthorized, "the token is unknown, revoked or expired")
			return
		case err != nil:
			var se huma.StatusError
			if errors.As(s.answer(c.Context(), err, nil), &se) {
				refuse(c, se.GetStatus(), se.Error())
			}
			return
		case !s.limits.allow(p.id):
			c.SetHeader("Retry-After", "1")
			refuse(c, http.StatusTooManyRequests, "too many requests with this token")
			return
		}
		if status, detail := permit(p, c); status != 0 {
			refuse(c, status, detail)
			return
		}
		next(huma.WithValue(c, principalKey{}, p))
	}
}

// permit checks role and account; status 0: go on.
func permit(p principal, c huma.Context) (status int, detail string) {
	op := c.Operation()
	sc, _ := op.Metadata[metaScope].(scope)
	switch p.role {
	case store.RoleOperator:
		if sc == "" {
			return http.StatusForbidden, "nobody may do this"
		}
		return 0, ""
	case store.RoleAdmin, store.RoleReadonly:
	case store.RoleUser:
		if op.Metadata[metaUser] == nil {
			return http.StatusForbidden, "role user may not do this"
		}
	default:
		return http.StatusForbidden, "role " + string(p.role) + " may not use the API"
	}
	if id := c.Param("account"); id != "" && id != itoa(p.account) {
		return http.StatusNotFound, "account " + clip(id) + " not found"
	}
	switch sc {
	case scopeAccount, scopeAny:
	default:
		return http.StatusForbidden, "this needs a token of role operator"
	}
	if op.Metadata[metaOperator] != nil {
		return http.StatusForbidden, "this needs a token of role operator"
	}
	if p.role != store.RoleAdmin && op.Method != http.MethodGet {
		return http.StatusForbidden, "role " + string(p.role) + " may not change anything"
	}
	return 0, ""
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
