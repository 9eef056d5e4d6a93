package api

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"callplane/admin/identity"
	"callplane/store"
)

// SignOnRow is an issuer at which people may log in.
type SignOnRow struct {
	Name  string `json:"name"`
	Title string `json:"title"`
}

// redirect sends the browser elsewhere.
type redirect struct {
	CookieAnswer
	Status   int
	Location string `header:"Location"`
}

// IssuerPath is in the path of what is about an issuer.
type IssuerPath struct {
	Issuer string `path:"issuer" maxLength:"64"`
}

func (s *server) signOn(api huma.API) {
	const tag = "session"
	register(s, api, scopePublic, op("list-sign-on", http.MethodGet, "/session/sign-on", tag, "List where one can log in by single sign-on"), s.listSignOn)
	begin := op("begin-sign-on", http.MethodGet, "/session/sign-on/{issuer}", tag, "Go to an issuer to log in there (OpenID Connect)")
	back := op("finish-sign-on", http.MethodGet, "/session/sign-on/{issuer}/callback", tag, "Come back from an issuer")
	begin.DefaultStatus, back.DefaultStatus = http.StatusSeeOther, http.StatusSeeOther
	register(s, api, scopePublic, begin, s.beginSignOn)
	register(s, api, scopePublic, back, s.finishSignOn)
}

func (s *server) listSignOn(context.Context, *struct{}) (*struct{ Body Feed[SignOnRow] }, error) {
	out := &struct{ Body Feed[SignOnRow] }{Feed[SignOnRow]{Items: []SignOnRow{}}}
	for _, i := range s.signOns {
		out.Body.Items = append(out.Body.Items, SignOnRow{Name: i.Issuer.Name, Title: i.Issuer.Title})
	}
	return out, nil
}

func (s *server) issuer(name string) (*identity.SignOn, error) {
	for _, i := range s.signOns {
		if i.Issuer.Name == name {
			return i, nil
		}
	}
	return nil, problem(http.StatusNotFound, "issuer "+clip(name)+" not found")
}

// askedName is the cookie that remembers what was asked. It must come back from another site, which a strict one does not.
func (s *server) askedCookie(value string, age time.Duration) http.Cookie {
	c := s.cookie(s.cookieName()+"-sign-on", value, age)
	c.SameSite = http.SameSiteLaxMode
	return c
}

func (s *server) beginSignOn(ctx context.Context, in *IssuerPath) (*redirect, error) {
	i, err := s.issuer(in.Issuer)
	if err != nil {
		return nil, err
	}
	address, asked, err := i.Ask(ctx, time.Now())
	if err != nil {
		s.log.Error("single sign-on", "issuer", in.Issuer, "error", err)
		return nil, problem(http.StatusBadGateway, "the issuer can't be reached at the moment")
	}
	b, err := json.Marshal(asked)
	if err != nil {
		return nil, s.answer(ctx, err, nil)
	}
	return &redirect{Status: http.StatusSeeOther, Location: address,
		CookieAnswer: CookieAnswer{SetCookie: []http.Cookie{s.askedCookie(base64.RawURLEncoding.EncodeToString(b), time.Until(asked.Until))}}}, nil
}

func (s *server) finishSignOn(ctx context.Context, in *struct {
	IssuerPath
	State            string `query:"state" maxLength:"200"`
	Code             string `query:"code" maxLength:"4000"`
	Error            string `query:"error" maxLength:"200"`
	ErrorDescription string `query:"error_description" maxLength:"2000"`
	SessionState     string `query:"session_state" maxLength:"2000"`
	Iss              string `query:"iss" maxLength:"2000"`
	Scope            string `query:"scope" maxLength:"2000"`
}) (*redirect, error) {
	i, err := s.issuer(in.Issuer)
	if err != nil {
		return nil, err
	}
	info, _ := ctx.Value(requestKey{}).(requestInfo)
	back := func(why string, err error) (*redirect, error) {
		s.log.Warn("single sign-on refused", "issuer", in.Issuer, "reason", why, "error", err)
		return &redirect{Status: http.StatusSeeOther, Location: s.cfg.PublicURL + "/?sign-on=" + why, CookieAnswer: CookieAnswer{SetCookie: []http.Cookie{s.askedCookie("", 0)}}}, nil
	}
	if !s.attempts.Allow(info.address, time.Now()) {
		return back("later", nil)
	}
	var asked identity.Asked
	for _, k := range info.cookies {
		if k.Name == s.cookieName()+"-sign-on" {
			if b, err := base64.RawURLEncoding.DecodeString(k.Value); err == nil {
				_ = json.Unmarshal(b, &asked) // what is not readable was not asked
			}
		}
	}
	if in.Error != "" {
		return back("refused", nil)
	}
	email, err := i.Answered(ctx, asked, in.State, in.Code, time.Now())
	if err != nil {
		return back("failed", err)
	}
	var out loggedIn
	unknown := false
	err = s.onPlatform(ctx, nil, func(tx *store.Tx) error {
		l, err := tx.LockLogin(ctx, email)
		if isNotFound(err) || err == nil && !l.Enabled {
			unknown = true
			return nil
		}
		if err != nil {
			return err
		}
		return s.open(ctx, tx, l, info, time.Now(), &out)
	})
	switch {
	case err != nil:
		return back("later", err)
	case unknown:
		return back("unknown", nil)
	}
	out.SetCookie = append(out.SetCookie, s.askedCookie("", 0))
	return &redirect{Status: http.StatusSeeOther, Location: s.cfg.PublicURL + "/", CookieAnswer: out.CookieAnswer}, nil
}
