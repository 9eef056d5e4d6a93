package phone

import (
	"context"
	"fmt"
	"strings"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
)

// Binding is a registration that a phone in the role of a carrier has accepted.
type Binding struct {
	User    string
	Contact string // URI; empty: the registration was withdrawn
}

// registrarNonce is always the same: this registrar is for tests on one machine.
const registrarNonce = "callplane-carrier"

// onRegister takes a registration of one of Config.Accounts (RFC 3261 section 10.3), as a carrier does.
func (p *Phone) onRegister(req *sip.Request, tx *serverTx) {
	challenge := &digest.Challenge{Realm: p.cfg.Domain, Nonce: registrarNonce, Algorithm: "MD5", QOP: []string{"auth"}}
	credentials, err := digest.ParseCredentials(headerValue(req, "Authorization"))
	if err != nil {
		res := sip.NewResponseFromRequest(req, 401, "Unauthorized", nil)
		res.AppendHeader(sip.NewHeader("WWW-Authenticate", challenge.String()))
		if err := tx.respond(res); err != nil {
			p.log.Debug("challenge REGISTER", "err", err)
		}
		return
	}
	password, known := p.cfg.Accounts[credentials.Username]
	want, err := digest.Digest(challenge, digest.Options{
		Method: "REGISTER", URI: credentials.URI, Username: credentials.Username, Password: password,
		Cnonce: credentials.Cnonce, Count: credentials.Nc,
	})
	if !known || err != nil || credentials.Nonce != registrarNonce || want.Response != credentials.Response {
		tx.reply(403, "Forbidden")
		return
	}
	contact := headerValue(req, "Contact")
	expires := headerValue(req, "Expires")
	b := Binding{User: credentials.Username}
	if expires != "0" && !strings.Contains(contact, "expires=0") {
		b.Contact, _, _ = strings.Cut(strings.TrimPrefix(contact[strings.Index(contact, "<")+1:], "<"), ">")
	}
	res := sip.NewResponseFromRequest(req, 200, "OK", nil)
	res.AppendHeader(sip.NewHeader("Contact", contact))
	if expires == "" {
		expires = "600"
	}
	res.AppendHeader(sip.NewHeader("Expires", expires))
	if err := tx.respond(res); err != nil {
		p.log.Debug("accept REGISTER", "err", err)
		return
	}
	p.bindings.add(b)
}

// WaitBinding waits until user has registered here (Config.Accounts) and returns its latest binding.
func (p *Phone) WaitBinding(ctx context.Context, user string) (Binding, error) {
	var last Binding
	err := p.bindings.wait(ctx, nil, func(all []Binding) bool {
		for _, b := range all {
			if b.User == user {
				last = b
			}
		}
		return last.Contact != ""
	})
	if err != nil {
		return last, fmt.Errorf("wait until %s registers: %w", user, err)
	}
	return last, nil
}
