package api

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/mail"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"callplane/admin/identity"
	"callplane/dialplan"
	"callplane/store"
)

// LoginInput is somebody who may log in, as written.
type LoginInput struct {
	Email    string `json:"email" minLength:"3" maxLength:"254" doc:"Unique on the platform."`
	Name     string `json:"name" minLength:"1" maxLength:"200"`
	Role     string `json:"role" enum:"operator,partner,admin,readonly,recordings,own-recordings,supervisor,user"`
	User     string `json:"user,omitempty" pattern:"^([0-9]{2,5})?$" patternDescription:"the number of a user extension" doc:"Whose own things roles user and own-recordings see."`
	Enabled  *bool  `json:"enabled" required:"false" default:"true"`
	Password string `json:"password,omitempty" maxLength:"400" writeOnly:"true" doc:"Written only; must be changed at the first log-in. Left out: unchanged, or single sign-on only."`
}

// Resolve checks the whole.
func (l *LoginInput) Resolve(huma.Context) []error {
	errs := text("name", l.Name)
	if a, err := mail.ParseAddress(l.Email); err != nil || a.Address != l.Email {
		errs = append(errs, field("email", "must be an e-mail address"))
	}
	own := l.Role == string(store.RoleUser) || l.Role == string(store.RoleOwnRecordings)
	switch {
	case own && l.User == "":
		errs = append(errs, field("user", "is needed for this role"))
	case !own && l.User != "":
		errs = append(errs, field("user", "is for roles user and own-recordings"))
	}
	if l.Password != "" {
		if bad := identity.CheckPassword(l.Password, l.Email, l.Name); bad != "" {
			errs = append(errs, field("password", bad))
		}
	}
	return errorsOf(errs)
}

// Login is somebody who may log in, as read.
type Login struct {
	ID int64 `json:"id" readOnly:"true"`
	LoginInput
	Account     int64     `json:"account,omitempty" readOnly:"true"`
	Partner     int64     `json:"partner,omitempty" readOnly:"true"`
	TOTP        bool      `json:"totp" readOnly:"true" doc:"A second factor is set up."`
	HasPassword bool      `json:"has_password" readOnly:"true"`
	LockedUntil time.Time `json:"locked_until,omitzero" readOnly:"true" doc:"After too many wrong passwords."`
	LastLogin   time.Time `json:"last_login_at,omitzero" readOnly:"true"`
	Created     time.Time `json:"created_at" readOnly:"true"`
}

// LoginPath is in the path of a login.
type LoginPath struct {
	Login int64 `path:"login" minimum:"1" doc:"Id of the login."`
}

// PersonPath is in the path of a login that is no account's.
type PersonPath struct {
	Person int64 `path:"person" minimum:"1" doc:"Id of the login."`
}

func loginOf(l *store.Login) Login {
	out := Login{ID: l.ID, Account: int64(l.Account), Partner: l.Partner, TOTP: l.TOTP, HasPassword: l.Password != "", LastLogin: l.LastLogin, Created: l.Created,
		LoginInput: LoginInput{Email: l.Email, Name: l.Name, Role: string(l.Role), User: l.User, Enabled: ptr(l.Enabled)}}
	if l.LockedUntil.After(time.Now()) {
		out.LockedUntil = l.LockedUntil
	}
	return out
}

// apply takes a form; note names the secrets that it changes.
func (s *server) apply(in *LoginInput, l *store.Login) (note []string) {
	l.Email, l.Name, l.Role, l.User, l.Enabled = in.Email, in.Name, store.Role(in.Role), in.User, *in.Enabled
	if in.Password != "" {
		l.Password, l.MustChange, l.Failures, l.LockedUntil = s.passwords.Hash(in.Password), true, 0, time.Time{}
		note = append(note, "password")
	}
	return note
}

func (s *server) logins(api huma.API) {
	const tag = "logins"
	register(s, api, scopeAccount, op("list-logins", http.MethodGet, "/accounts/{account}/logins", tag, "List who may log in to an account"), s.listLogins)
	register(s, api, scopeAccount, op("create-login", http.MethodPost, "/accounts/{account}/logins", tag, "Let somebody log in to an account"), s.createLogin)
	register(s, api, scopeAccount, op("get-login", http.MethodGet, "/accounts/{account}/logins/{login}", tag, "Get a login"), s.getLogin)
	register(s, api, scopeAccount, op("update-login", http.MethodPut, "/accounts/{account}/logins/{login}", tag, "Replace a login's settings"), s.updateLogin)
	register(s, api, scopeAccount, op("delete-login", http.MethodDelete, "/accounts/{account}/logins/{login}", tag, "Delete a login and end its sessions"), s.deleteLogin)
	register(s, api, scopeAccount, op("end-login-sessions", http.MethodDelete, "/accounts/{account}/logins/{login}/sessions", tag, "End the sessions of a login"), s.endLoginSessions)
	register(s, api, scopePlatform, op("list-platform-logins", http.MethodGet, "/logins", tag, "List operators' and partners' logins"), s.listPlatformLogins)
	register(s, api, scopePlatform, op("create-platform-login", http.MethodPost, "/logins", tag, "Let an operator or a partner log in"), s.createPlatformLogin)
	register(s, api, scopePlatform, op("get-platform-login", http.MethodGet, "/logins/{person}", tag, "Get an operator's or a partner's login"), s.getPlatformLogin)
	register(s, api, scopePlatform, op("update-platform-login", http.MethodPut, "/logins/{person}", tag, "Replace an operator's or a partner's login"), s.updatePlatformLogin)
	register(s, api, scopePlatform, op("delete-platform-login", http.MethodDelete, "/logins/{person}", tag, "Delete an operator's or a partner's login"), s.deletePlatformLogin)
}

func loginKey(l *store.Login) string { return itoa(l.ID) }

func (s *server) listLogins(ctx context.Context, in *struct {
	AccountPath
	PageQuery
}) (out *PageOutput[Login], err error) {
	p, err := in.keyed(true)
	if err != nil {
		return nil, err
	}
	return out, s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		rows, total, err := tx.ListLogins(ctx, 0, p)
		out = answerKeyed(rows, total, p, loginKey, loginOf)
		return err
	})
}

// accountRole refuses roles that no login of an account has.
func accountRole(role string) error {
	if role == string(store.RoleOperator) || role == string(store.RolePartner) {
		return invalid(field("role", "must be a role within the account"))
	}
	return nil
}

func (s *server) createLogin(ctx context.Context, in *struct {
	AccountPath
	Body LoginInput
}) (out *Row[Login], err error) {
	if err := accountRole(in.Body.Role); err != nil {
		return nil, err
	}
	l := &store.Login{Account: in.id()}
	note := s.apply(&in.Body, l)
	return out, s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		if err := tx.CreateLogin(ctx, l); err != nil {
			return err
		}
		out = created(l.Revision, loginOf(l), "/accounts/%d/logins/%d", in.Account, l.ID)
		return s.record(ctx, tx, in.id(), actionCreate, "login", itoa(l.ID), nil, out.Body, note...)
	})
}

func (s *server) getLogin(ctx context.Context, in *struct {
	AccountPath
	LoginPath
}) (out *Row[Login], err error) {
	return out, s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		l, err := tx.ReadLogin(ctx, in.Login)
		if err == nil {
			out = row(l.Revision, loginOf(l))
		}
		return err
	})
}

func (s *server) updateLogin(ctx context.Context, in *struct {
	AccountPath
	LoginPath
	Match
	Body LoginInput
}) (out *Row[Login], err error) {
	if err := accountRole(in.Body.Role); err != nil {
		return nil, err
	}
	return out, s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) (err error) {
		out, err = s.changeLogin(ctx, tx, in.id(), in.Login, in.Match, &in.Body)
		return err
	})
}

// changeLogin replaces a login's settings. Who loses the login, or gets a new password, is logged out.
func (s *server) changeLogin(ctx context.Context, tx *store.Tx, account dialplan.AccountID, id int64, m Match, in *LoginInput) (*Row[Login], error) {
	l, err := tx.ReadLogin(ctx, id)
	if err != nil {
		return nil, err
	}
	before, role := loginOf(l), l.Role
	note := s.apply(in, l)
	if l.Revision, err = m.revision(l.Revision); err != nil {
		return nil, err
	}
	if err := tx.UpdateLogin(ctx, l); err != nil {
		return nil, err
	}
	if len(note) > 0 || !l.Enabled || l.Role != role {
		if err := tx.EndSessions(ctx, l.ID, 0); err != nil {
			return nil, err
		}
	}
	out := row(l.Revision, loginOf(l))
	return out, s.record(ctx, tx, account, actionUpdate, "login", itoa(l.ID), before, out.Body, note...)
}

func (s *server) removeLogin(ctx context.Context, tx *store.Tx, account dialplan.AccountID, id int64, m Match) error {
	l, err := tx.ReadLogin(ctx, id)
	if err != nil {
		return err
	}
	if err := current("login", m, l.ID, l.Revision); err != nil {
		return err
	}
	if err := tx.DeleteLogin(ctx, id); err != nil {
		return err
	}
	return s.record(ctx, tx, account, actionDelete, "login", itoa(id), loginOf(l), nil)
}

func (s *server) deleteLogin(ctx context.Context, in *struct {
	AccountPath
	LoginPath
	Match
}) (*Empty, error) {
	return &Empty{}, s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		return s.removeLogin(ctx, tx, in.id(), in.Login, in.Match)
	})
}

func (s *server) endLoginSessions(ctx context.Context, in *struct {
	AccountPath
	LoginPath
}) (*Empty, error) {
	return &Empty{}, s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		l, err := tx.ReadLogin(ctx, in.Login)
		if err != nil {
			return err
		}
		open, err := tx.ListSessions(ctx, l.ID)
		if err != nil {
			return err
		}
		if err := tx.EndSessions(ctx, l.ID, 0); err != nil {
			return err
		}
		count := func(n int) any { return map[string]int{"sessions": n} }
		return s.record(ctx, tx, in.id(), actionUpdate, "login", itoa(l.ID), count(len(open)), count(0))
	})
}

// CreateOperatorLogin lets an operator log in, with a password that must be changed: the first one, who lets in the others.
func CreateOperatorLogin(ctx context.Context, db *store.DB, email, name string) (password string, err error) {
	in := LoginInput{Email: email, Name: name, Role: string(store.RoleOperator)}
	if errs := in.Resolve(nil); len(errs) > 0 {
		return "", errors.Join(errs...)
	}
	password = rand.Text()
	l := &store.Login{Email: email, Name: name, Role: store.RoleOperator, Enabled: true, Password: identity.NewPasswords(1).Hash(password), MustChange: true}
	return password, db.Platform(ctx, func(tx *store.Tx) error {
		if err := tx.CreateLogin(ctx, l); err != nil {
			return err
		}
		return tx.Audit(ctx, &store.AuditEntry{Actor: "command line", Action: actionCreate, Entity: "login", EntityID: itoa(l.ID)}, nil, loginOf(l))
	})
}

// PlatformLoginInput is an operator or a partner who may log in, as written.
type PlatformLoginInput struct {
	LoginInput
	Partner int64 `json:"partner,omitempty" minimum:"0" doc:"For role partner: whose accounts they see. It can't change later."`
}

func (s *server) listPlatformLogins(ctx context.Context, in *struct {
	PageQuery
	Partner int64 `query:"partner" minimum:"0" doc:"Those of one partner only."`
}) (out *PageOutput[Login], err error) {
	p, err := in.keyed(true)
	if err != nil {
		return nil, err
	}
	return out, s.onPlatform(ctx, nil, func(tx *store.Tx) error {
		rows, total, err := tx.ListLogins(ctx, in.Partner, p)
		out = answerKeyed(rows, total, p, loginKey, loginOf)
		return err
	})
}

func (s *server) createPlatformLogin(ctx context.Context, in *struct{ Body PlatformLoginInput }) (out *Row[Login], err error) {
	if err := platformRole(in.Body.Role, in.Body.Partner); err != nil {
		return nil, err
	}
	l := &store.Login{Partner: in.Body.Partner}
	note := s.apply(&in.Body.LoginInput, l)
	return out, s.onPlatform(ctx, map[string]string{"partner_id": "partner"}, func(tx *store.Tx) error {
		if err := tx.CreateLogin(ctx, l); err != nil {
			return err
		}
		out = created(l.Revision, loginOf(l), "/logins/%d", l.ID)
		return s.record(ctx, tx, 0, actionCreate, "login", itoa(l.ID), nil, out.Body, note...)
	})
}

func (s *server) getPlatformLogin(ctx context.Context, in *PersonPath) (out *Row[Login], err error) {
	return out, s.onPlatform(ctx, nil, func(tx *store.Tx) error {
		l, err := s.platformLogin(ctx, tx, in.Person)
		if err == nil {
			out = row(l.Revision, loginOf(l))
		}
		return err
	})
}

func platformRole(role string, partner int64) error {
	switch {
	case role == string(store.RoleOperator) && partner != 0:
		return invalid(field("partner", "is for role partner"))
	case role == string(store.RolePartner) && partner == 0:
		return invalid(field("partner", "is needed for role partner"))
	case role != string(store.RoleOperator) && role != string(store.RolePartner):
		return invalid(field("role", "must be operator or partner: others belong to an account"))
	}
	return nil
}

func (s *server) updatePlatformLogin(ctx context.Context, in *struct {
	PersonPath
	Match
	Body PlatformLoginInput
}) (out *Row[Login], err error) {
	return out, s.onPlatform(ctx, nil, func(tx *store.Tx) error {
		l, err := s.platformLogin(ctx, tx, in.Person)
		if err != nil {
			return err
		}
		if in.Body.Role != string(l.Role) {
			return invalid(field("role", "can't change"))
		}
		if in.Body.Partner != 0 && in.Body.Partner != l.Partner {
			return invalid(field("partner", "can't change"))
		}
		out, err = s.changeLogin(ctx, tx, 0, in.Person, in.Match, &in.Body.LoginInput)
		return err
	})
}

// platformLogin finds one that is no account's: those have a path of their own.
func (s *server) platformLogin(ctx context.Context, tx *store.Tx, id int64) (*store.Login, error) {
	l, err := tx.ReadLogin(ctx, id)
	if err == nil && l.Account != 0 {
		return nil, &store.NotFound{Entity: "login", Key: itoa(id)}
	}
	return l, err
}

func (s *server) deletePlatformLogin(ctx context.Context, in *struct {
	PersonPath
	Match
}) (*Empty, error) {
	return &Empty{}, s.onPlatform(ctx, nil, func(tx *store.Tx) error {
		l, err := s.platformLogin(ctx, tx, in.Person)
		if err != nil {
			return err
		}
		if p := who(ctx); p.login != nil && p.login.ID == l.ID {
			return problem(http.StatusConflict, "nobody deletes their own login")
		}
		return s.removeLogin(ctx, tx, 0, in.Person, in.Match)
	})
}
