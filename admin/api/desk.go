package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"callplane/dialplan"
	"callplane/store"
)

// Desk is what users see of themselves.
type Desk struct {
	Number   string       `json:"number"`
	Name     string       `json:"name"`
	Company  string       `json:"company"`
	TimeZone string       `json:"time_zone"`
	Language string       `json:"language" doc:"Of announcements."`
	Reach    Reach        `json:"reach"`
	Devices  []UserDevice `json:"devices"`
	Queues   []UserQueue  `json:"queues" doc:"In which the user is an agent, and open ones to which they may log in."`
	// PINChange is that the PIN is still the first one.
	PINChange bool `json:"pin_change" doc:"The PIN is 0000 and must be changed at the next login."`
	Mailbox   bool `json:"mailbox" doc:"The own voicemail box has a PIN."`
}

// Reach is how a user is reached, which users change by themselves.
type Reach struct {
	Forwards        Forwards `json:"forwards"`
	RingTimeout     float64  `json:"ring_timeout" required:"false" minimum:"0" maximum:"3600" doc:"Seconds before an unanswered call is forwarded; 0: the call's own limit."`
	OfferSecondCall bool     `json:"offer_second_call" required:"false" doc:"Offered while the user is in a call."`
}

// NewPIN is another PIN of a user.
type NewPIN struct {
	Of  string `json:"of" enum:"phone,voicemail" doc:"phone: with which the user logs in at a phone; voicemail: of the own box."`
	PIN string `json:"pin" pattern:"^[0-9]{4,10}$" patternDescription:"4 to 10 digits" writeOnly:"true" doc:"4 digits for voicemail; no series such as 1234."`
}

func (s *server) desks(api huma.API) {
	const tag, user = "users", "/accounts/{account}/users/{user}"
	mine := func(o huma.Operation) huma.Operation { return also(o, store.RoleUser) }
	register(s, api, scopeAccount, mine(op("get-desk", http.MethodGet, user+"/desk", tag, "Get what a user sees of themselves")), s.getDesk)
	register(s, api, scopeAccount, mine(op("update-reach", http.MethodPut, user+"/reach", tag, "Say how a user is reached: forwards and the second call")), s.updateReach)
	pin := op("set-pin", http.MethodPut, user+"/pin", tag, "Give a user another PIN")
	pin.DefaultStatus = http.StatusNoContent
	register(s, api, scopeAccount, mine(pin), s.setPIN)
	register(s, api, scopeAccount, mine(op("list-user-calls", http.MethodGet, user+"/calls", tag, "List the call records of a user, the newest first")), s.listUserCalls)
}

// userOf finds a user extension that whoever asks may see.
func userOf(ctx context.Context, tx *store.Tx, number string) (*store.Extension, *dialplan.User, error) {
	if err := ofThemselves(ctx, number); err != nil {
		return nil, nil, err
	}
	e, err := tx.ReadExtension(ctx, number)
	if err != nil {
		return nil, nil, err
	}
	u, ok := e.Config.(*dialplan.User)
	if !ok {
		return nil, nil, &store.NotFound{Entity: "user", Key: number}
	}
	return e, u, nil
}

func reachOf(u *dialplan.User) Reach {
	return Reach{Forwards: forwardsOf(u.Forwards), RingTimeout: u.RingTimeout.Seconds(), OfferSecondCall: u.OfferSecondCall}
}

func (s *server) getDesk(ctx context.Context, in *UserPath) (*Row[Desk], error) {
	var out *Row[Desk]
	var version int64
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, a *store.Account) error {
		version = a.Version
		e, u, err := userOf(ctx, tx, in.User)
		if err != nil {
			return err
		}
		d := Desk{Number: e.Number, Name: e.Name, Company: a.Name, TimeZone: a.TimeZone, Language: u.Language, Reach: reachOf(u),
			Devices: []UserDevice{}, Queues: []UserQueue{}, PINChange: u.PIN == "0000", Mailbox: u.Voicemail.PIN != ""}
		if d.Language == "" {
			d.Language = a.Language
		}
		out = row(e.Revision, d)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if a := s.inService(ctx, in.id(), version); a != nil {
		out.Body.Devices = orEmpty(s.devicesOfUsers(in.id(), a)[in.User])
		out.Body.Queues = deskQueues(a, in.User)
	}
	return out, nil
}

// deskQueues are the queues of a user, and open ones.
func deskQueues(a *dialplan.Account, user string) []UserQueue {
	out := orEmpty(queuesOfUsers(a)[user])
	for _, e := range extensionsOf(a, func(e *dialplan.Extension) bool {
		q, ok := e.Config.(*dialplan.Queue)
		return ok && q.Open && q.Member(user) == nil
	}) {
		out = append(out, UserQueue{Queue: e.Number, Name: e.Name})
	}
	return out
}

func (s *server) updateReach(ctx context.Context, in *struct {
	UserPath
	Match
	Body Reach
}) (*Row[Reach], error) {
	var out *Row[Reach]
	columns := map[string]string{"forwards_destination": "forwards", "forwards": "forwards"}
	err := s.inAccount(ctx, in.id(), columns, func(tx *store.Tx, a *store.Account) error {
		e, u, err := userOf(ctx, tx, in.User)
		if err != nil {
			return err
		}
		before := reachOf(u)
		if err := in.Body.check(ctx, tx, a); err != nil {
			return err
		}
		u.Forwards = in.Body.Forwards.config(accountRules{extensionLength: a.ExtensionLength, country: a.Country})
		u.RingTimeout, u.OfferSecondCall = duration(in.Body.RingTimeout), in.Body.OfferSecondCall
		if e.Revision, err = in.revision(e.Revision); err != nil {
			return err
		}
		if err := tx.UpdateExtension(ctx, in.User, e); err != nil {
			return err
		}
		out = row(e.Revision, reachOf(u))
		return s.record(ctx, tx, in.id(), actionUpdate, "reach", in.User, before, out.Body)
	})
	return out, err
}

// check is the one of extensions, with the names of this body.
func (r *Reach) check(ctx context.Context, tx *store.Tx, a *store.Account) error {
	as := ExtensionInput{Number: "0", Kind: string(dialplan.KindUser), User: &UserConfig{Forwards: r.Forwards}}
	kinds, err := tx.ExtensionKinds(ctx, as.mentions(a.ExtensionLength))
	if err != nil {
		return err
	}
	rules := accountRules{extensionLength: a.ExtensionLength, country: a.Country, extensions: kinds}
	var errs []*huma.ErrorDetail
	for _, d := range as.destinations() {
		if !dialable(d.value) {
			errs = append(errs, field(d.name, "must be an extension or an external number: up to 32 of 0-9 * #, + only at the begin"))
			continue
		}
		errs = append(errs, rules.unknown(d.name, destination(rules, d.value))...)
	}
	errs = append(errs, as.voicemailCheck(rules)...)
	for _, d := range errs {
		d.Location = strings.Replace(d.Location, "body.user.", "body.", 1)
	}
	if len(errs) > 0 {
		return invalid(errs...)
	}
	return nil
}

func (s *server) setPIN(ctx context.Context, in *struct {
	UserPath
	Body NewPIN
}) (*Empty, error) {
	return &Empty{}, s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		e, u, err := userOf(ctx, tx, in.User)
		if err != nil {
			return err
		}
		why, note := "", "pin"
		if in.Body.Of == "voicemail" {
			if len(in.Body.PIN) != 4 {
				why = "must have 4 digits"
			} else {
				why = dialplan.CheckVoicemailPIN(in.Body.PIN)
			}
			u.Voicemail.PIN, note = in.Body.PIN, "voicemail.pin"
		} else {
			why, u.PIN = dialplan.NewPIN(in.Body.PIN), in.Body.PIN
		}
		if why != "" {
			return invalid(field("pin", why))
		}
		if err := tx.UpdateExtension(ctx, in.User, e); err != nil {
			return err
		}
		shown := extensionOf(e)
		return s.record(ctx, tx, in.id(), actionUpdate, "extension", in.User, shown, shown, note)
	})
}

func (s *server) listUserCalls(ctx context.Context, in *struct {
	UserPath
	PageQuery
	From time.Time `query:"from" doc:"Calls that reached the user at this time or later."`
	To   time.Time `query:"to" doc:"Before this time."`
}) (*struct{ Body Feed[Call] }, error) {
	f := store.CallFilter{From: in.From, To: in.To}
	var err error
	if f.Before, err = in.place(); err != nil {
		return nil, err
	}
	out := &struct{ Body Feed[Call] }{}
	return out, s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		if _, _, err := userOf(ctx, tx, in.User); err != nil {
			return err
		}
		rows, err := tx.ListUserCalls(ctx, in.User, f, in.Limit+1)
		out.Body = feed(rows, in.Limit, func(c *store.UserCall) string { return placeOf(c.Place()) }, func(c *store.UserCall) Call { return callOf(&c.CallRecord) })
		return err
	})
}
