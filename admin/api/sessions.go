package api

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"callplane/admin/identity"
	"callplane/store"
)

// How long a session lasts at most, and unused.
const (
	sessionLength = 12 * time.Hour
	sessionIdle   = time.Hour
)

// Attempts to log in of one address: so many at once, then one in so long. Offices have one address for many people.
const (
	attemptsBurst = 20
	attemptsEvery = 3 * time.Second
)

// Me is who is logged in.
type Me struct {
	Login      int64     `json:"login" doc:"Id of the login; 0 with an API token."`
	Name       string    `json:"name"`
	Email      string    `json:"email,omitempty"`
	Role       string    `json:"role" enum:"operator,partner,admin,readonly,recordings,own-recordings,supervisor,user"`
	Account    int64     `json:"account,omitempty" doc:"Account to which everything is limited; not there: none."`
	Partner    int64     `json:"partner,omitempty" doc:"Partner whose accounts may be seen."`
	User       string    `json:"user,omitempty" doc:"Number of the user's extension."`
	TOTP       bool      `json:"totp" doc:"A one-time code is asked for."`
	MustChange bool      `json:"must_change,omitempty" doc:"The password must be changed before anything else."`
	Expires    time.Time `json:"expires_at,omitzero"`
}

// LoginAttempt is what somebody logs in with.
type LoginAttempt struct {
	Email    string `json:"email" minLength:"3" maxLength:"254"`
	Password string `json:"password" minLength:"1" maxLength:"200" writeOnly:"true"`
	Code     string `json:"code,omitempty" maxLength:"40" writeOnly:"true" doc:"One-time code of the second factor, or a recovery code."`
}

// SessionRow is a session of a login.
type SessionRow struct {
	ID        int64     `json:"id"`
	Address   string    `json:"address"`
	UserAgent string    `json:"user_agent"`
	Created   time.Time `json:"created_at"`
	Seen      time.Time `json:"seen_at"`
	Current   bool      `json:"current" doc:"The one that asks."`
}

// CookieAnswer keeps its answer in the browser.
type CookieAnswer struct {
	SetCookie []http.Cookie `header:"Set-Cookie"`
}

func (s *server) sessions(api huma.API) {
	const tag = "session"
	in := op("log-in", http.MethodPost, "/session", tag, "Log in with a password")
	in.Errors = []int{http.StatusTooManyRequests, http.StatusUnprocessableEntity}
	in.Description = "Answers 401 with `type` `totp-required` when the password is right and a code is missing. The session is a cookie."
	register(s, api, scopePublic, in, s.logIn)
	register(s, api, scopeAny, op("get-session", http.MethodGet, "/session", tag, "Who is logged in"), s.me)
	register(s, api, scopeSession, op("log-out", http.MethodDelete, "/session", tag, "Log out"), s.logOut)
	register(s, api, scopeSession, op("list-sessions", http.MethodGet, "/session/all", tag, "List one's sessions"), s.listSessions)
	register(s, api, scopeSession, op("end-session", http.MethodDelete, "/session/all/{session}", tag, "End one of one's sessions"), s.endSession)
	register(s, api, scopeSession, op("change-password", http.MethodPut, "/session/password", tag, "Change one's password; other sessions end"), s.changePassword)
	register(s, api, scopeSession, op("begin-totp", http.MethodPost, "/session/totp", tag, "Begin to set up a second factor"), s.beginTOTP)
	register(s, api, scopeSession, op("confirm-totp", http.MethodPut, "/session/totp", tag, "Set up the second factor with its first code"), s.confirmTOTP)
	remove := op("remove-totp", http.MethodPost, "/session/totp/removal", tag, "Remove the second factor")
	remove.DefaultStatus = http.StatusNoContent
	register(s, api, scopeSession, remove, s.removeTOTP)
}

// cookieName of sessions. A browser takes __Host- only over TLS, for this host and every path.
func (s *server) cookieName() string {
	if s.secure() {
		return "__Host-callplane"
	}
	return "callplane"
}

func (s *server) secure() bool { return strings.HasPrefix(s.cfg.PublicURL, "https://") }

func (s *server) cookie(name, value string, age time.Duration) http.Cookie {
	c := http.Cookie{Name: name, Value: value, Path: "/", HttpOnly: true, Secure: s.secure(), SameSite: http.SameSiteStrictMode, MaxAge: int(age.Seconds())}
	if value == "" {
		c.MaxAge = -1
	}
	return c
}

// requestInfo is in the context of operations that need what huma keeps to itself.
type requestInfo struct {
	address, agent string
	cookies        []*http.Cookie
}

type requestKey struct{}

func requestOf(c huma.Context) requestInfo {
	r, _ := humachi.Unwrap(c)
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	return requestInfo{address: host, agent: clipTo(r.UserAgent(), 200), cookies: r.Cookies()}
}

func clipTo(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	return strings.ToValidUTF8(s, "")
}

func meOf(l *store.Login, s *store.Session) Me {
	return Me{Login: l.ID, Name: l.Name, Email: l.Email, Role: string(l.Role), Account: int64(l.Account), Partner: l.Partner, User: l.User,
		TOTP: l.TOTP, MustChange: l.MustChange, Expires: s.Expires}
}

func problemTyped(status int, kind, detail string) error {
	p := problem(status, detail)
	p.Type = kind
	return p
}

// wrong is what everybody hears who can't log in, whatever the reason: nobody learns which addresses exist.
func wrong() error {
	return problem(http.StatusUnauthorized, "the address, the password or the code is wrong, or the login is locked for a while")
}

type loggedIn struct {
	CookieAnswer
	Body Me
}

func (s *server) logIn(ctx context.Context, in *struct{ Body LoginAttempt }) (*loggedIn, error) {
	now := time.Now()
	info, _ := ctx.Value(requestKey{}).(requestInfo)
	if !s.attempts.Allow(info.address, now) {
		return nil, problem(http.StatusTooManyRequests, "too many attempts from this address: wait a few seconds")
	}
	// The password is looked at outside of a transaction: it takes long on purpose.
	var l *store.Login
	err := s.onPlatform(ctx, nil, func(tx *store.Tx) (err error) {
		l, err = tx.FindLogin(ctx, in.Body.Email)
		return err
	})
	known := !isStatus(err, http.StatusNotFound)
	if err != nil && known {
		return nil, err
	}
	hash := ""
	if known && l.Enabled && !now.Before(l.LockedUntil) {
		hash = l.Password
	}
	right, err := s.passwords.Verify(hash, in.Body.Password)
	if err != nil {
		s.log.Error("log-in", "email", clip(in.Body.Email), "error", err)
	}
	if hash == "" {
		return nil, wrong()
	}
	out := &loggedIn{}
	var refusal error
	err = s.onPlatform(ctx, nil, func(tx *store.Tx) error {
		l, err := tx.LockLogin(ctx, in.Body.Email)
		if err != nil {
			return err
		}
		if now.Before(l.LockedUntil) || !l.Enabled || l.Password != hash {
			refusal = wrong()
			return nil
		}
		if right && l.TOTP {
			if in.Body.Code == "" {
				refusal = problemTyped(http.StatusUnauthorized, "totp-required", "a one-time code is needed")
				return nil
			}
			if step, ok := identity.CheckTOTP(l.TOTPSecret, in.Body.Code, l.TOTPStep, now); ok {
				l.TOTPStep = step
			} else if l.Recovery, ok = identity.UseRecovery(l.Recovery, in.Body.Code); !ok {
				right = false
			}
		}
		if !right {
			l.Failures++
			if d := identity.Lock(l.Failures); d > 0 {
				l.LockedUntil = now.Add(d)
			}
			refusal = wrong()
			return tx.NoteLogin(ctx, l)
		}
		return s.open(ctx, tx, l, info, now, out)
	})
	if err == nil {
		err = refusal
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

// open begins a session.
func (s *server) open(ctx context.Context, tx *store.Tx, l *store.Login, info requestInfo, now time.Time, out *loggedIn) error {
	l.Failures, l.LockedUntil, l.LastLogin = 0, time.Time{}, now
	if err := tx.NoteLogin(ctx, l); err != nil {
		return err
	}
	session := &store.Session{Address: info.address, UserAgent: info.agent, Expires: now.Add(sessionLength)}
	secret, err := tx.CreateSession(ctx, l, session)
	if err != nil {
		return err
	}
	out.SetCookie = []http.Cookie{s.cookie(s.cookieName(), secret, sessionLength)}
	out.Body = meOf(l, session)
	e := &store.AuditEntry{Account: l.Account, Actor: actorOf(l), Action: "log in", Entity: "login", EntityID: itoa(l.ID)}
	return tx.Audit(ctx, e, nil, map[string]string{"address": info.address})
}

func isStatus(err error, status int) bool {
	var se huma.StatusError
	return errors.As(err, &se) && se.GetStatus() == status
}

func (s *server) me(ctx context.Context, _ *struct{}) (*struct{ Body Me }, error) {
	p := who(ctx)
	if p.login == nil {
		return &struct{ Body Me }{Me{Name: p.name, Role: string(p.role), Account: int64(p.account), Partner: p.partner, User: p.user}}, nil
	}
	return &struct{ Body Me }{meOf(p.login, p.session)}, nil
}

func (s *server) logOut(ctx context.Context, _ *struct{}) (*CookieAnswer, error) {
	p := who(ctx)
	err := s.onPlatform(ctx, nil, func(tx *store.Tx) error { return tx.EndSession(ctx, p.login.ID, p.session.ID) })
	if err != nil && !isStatus(err, http.StatusNotFound) {
		return nil, err
	}
	return &CookieAnswer{SetCookie: []http.Cookie{s.cookie(s.cookieName(), "", 0)}}, nil
}

func (s *server) listSessions(ctx context.Context, _ *struct{}) (*struct{ Body Feed[SessionRow] }, error) {
	p := who(ctx)
	out := &struct{ Body Feed[SessionRow] }{Feed[SessionRow]{Items: []SessionRow{}}}
	return out, s.onPlatform(ctx, nil, func(tx *store.Tx) error {
		rows, err := tx.ListSessions(ctx, p.login.ID)
		for _, r := range rows {
			out.Body.Items = append(out.Body.Items, SessionRow{ID: r.ID, Address: r.Address, UserAgent: r.UserAgent, Created: r.Created, Seen: r.Seen, Current: r.ID == p.session.ID})
		}
		return err
	})
}

func (s *server) endSession(ctx context.Context, in *struct {
	Session int64 `path:"session" minimum:"1"`
}) (*Empty, error) {
	return &Empty{}, s.onPlatform(ctx, nil, func(tx *store.Tx) error { return tx.EndSession(ctx, who(ctx).login.ID, in.Session) })
}

// changeSelf changes the login of who asks, after password was proven to be theirs; what is noted in the audit log.
func (s *server) changeSelf(ctx context.Context, field0, password string, what string, change func(*store.Tx, *store.Login) error) error {
	p := who(ctx)
	if !s.attempts.Allow("login "+itoa(p.login.ID), time.Now()) {
		return problem(http.StatusTooManyRequests, "too many attempts: wait a few seconds")
	}
	if p.login.Password != "" {
		if ok, err := s.passwords.Verify(p.login.Password, password); err != nil || !ok {
			return invalid(field(field0, "is wrong"))
		}
	}
	return s.onPlatform(ctx, nil, func(tx *store.Tx) error {
		l, err := tx.ReadLogin(ctx, p.login.ID)
		if err != nil {
			return err
		}
		if err := change(tx, l); err != nil {
			return err
		}
		if err := tx.UpdateLogin(ctx, l); err != nil {
			return err
		}
		return s.record(ctx, tx, l.Account, actionUpdate, "login", itoa(l.ID), nil, loginOf(l), what)
	})
}

func (s *server) changePassword(ctx context.Context, in *struct {
	Body struct {
		Current string `json:"current,omitempty" maxLength:"200" writeOnly:"true" doc:"Not needed by who only has single sign-on so far."`
		New     string `json:"new" maxLength:"400" writeOnly:"true"`
	}
}) (*Empty, error) {
	p := who(ctx)
	if bad := identity.CheckPassword(in.Body.New, p.login.Email, p.login.Name, in.Body.Current); bad != "" {
		return nil, invalid(field("new", bad))
	}
	return &Empty{}, s.changeSelf(ctx, "current", in.Body.Current, "password", func(tx *store.Tx, l *store.Login) error {
		l.Password, l.MustChange = s.passwords.Hash(in.Body.New), false
		return tx.EndSessions(ctx, l.ID, p.session.ID)
	})
}

// TOTPSetup is what an authenticator app needs.
type TOTPSetup struct {
	Secret string `json:"secret" doc:"Base32, to type."`
	URI    string `json:"uri" doc:"The same as an address, to show as a QR code."`
}

// Proof is one's password once more.
type Proof struct {
	Password string `json:"password,omitempty" maxLength:"200" writeOnly:"true"`
}

func (s *server) beginTOTP(ctx context.Context, in *struct{ Body Proof }) (*struct{ Body TOTPSetup }, error) {
	out := &struct{ Body TOTPSetup }{}
	return out, s.changeSelf(ctx, "password", in.Body.Password, "totp", func(_ *store.Tx, l *store.Login) (err error) {
		if l.TOTP {
			return problem(http.StatusConflict, "there is a second factor already: remove it first")
		}
		l.TOTPSecret, out.Body.URI, err = identity.NewTOTP("Callplane", l.Email)
		out.Body.Secret = l.TOTPSecret
		return err
	})
}

func (s *server) confirmTOTP(ctx context.Context, in *struct {
	Body struct {
		Proof
		Code string `json:"code" minLength:"6" maxLength:"10" writeOnly:"true"`
	}
}) (*struct {
	Body struct {
		Recovery []string `json:"recovery" doc:"Codes that replace a lost device, each once. They are not shown again."`
	}
}, error) {
	out := &struct {
		Body struct {
			Recovery []string `json:"recovery" doc:"Codes that replace a lost device, each once. They are not shown again."`
		}
	}{}
	return out, s.changeSelf(ctx, "password", in.Body.Password, "totp", func(_ *store.Tx, l *store.Login) error {
		if l.TOTP || l.TOTPSecret == "" {
			return problem(http.StatusConflict, "nothing is being set up")
		}
		step, ok := identity.CheckTOTP(l.TOTPSecret, in.Body.Code, l.TOTPStep, time.Now())
		if !ok {
			return invalid(field("code", "is wrong: is the clock of the device right?"))
		}
		l.TOTP, l.TOTPStep = true, step
		out.Body.Recovery, l.Recovery = identity.NewRecovery()
		return nil
	})
}

func (s *server) removeTOTP(ctx context.Context, in *struct{ Body Proof }) (*Empty, error) {
	return &Empty{}, s.changeSelf(ctx, "password", in.Body.Password, "totp", func(_ *store.Tx, l *store.Login) error {
		l.TOTP, l.TOTPSecret, l.Recovery = false, "", nil
		return nil
	})
}
