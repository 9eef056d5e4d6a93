package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"callplane/dialplan"
	"callplane/store"
)

// ChannelPath is in the path of a channel.
type ChannelPath struct {
	AccountPath
	Channel string `path:"channel" maxLength:"64" doc:"SIP user name."`
}

// NewChannel is a channel with the password that was given or generated, shown once.
type NewChannel struct {
	Channel
	Password string `json:"password" doc:"Shown in this answer only."`
}

func (s *server) channels(api huma.API) {
	const tag = "channels"
	const list, one = "/accounts/{account}/channels", "/accounts/{account}/channels/{channel}"
	register(s, api, scopeAccount, op("list-channels", http.MethodGet, list, tag, "List channels by name"), s.listChannels)
	register(s, api, scopeAccount, op("create-channel", http.MethodPost, list, tag, "Make a channel"), s.createChannel)
	register(s, api, scopeAccount, op("get-channel", http.MethodGet, one, tag, "Get a channel"), s.getChannel)
	register(s, api, scopeAccount, op("update-channel", http.MethodPut, one, tag, "Replace a channel"), s.updateChannel)
	register(s, api, scopeAccount, op("delete-channel", http.MethodDelete, one, tag, "Delete a channel"), s.deleteChannel)
	password := op("new-channel-password", http.MethodPost, one+"/password", tag, "Generate a new password for a channel; phones must be told it")
	password.DefaultStatus = http.StatusOK
	register(s, api, scopeAccount, password, s.newPassword)
	register(s, api, scopeAccount, op("list-registrations", http.MethodGet, "/accounts/{account}/registrations", tag, "List the phones that are registered by now"), s.listRegistrations)
}

// channelColumns: what the store names after columns is named after fields for clients.
func channelColumns() map[string]string {
	return map[string]string{"user_id": "user", "auto_user_id": "auto_login"}
}

func (s *server) registered(id dialplan.AccountID) map[string]bool {
	out := make(map[string]bool)
	if s.cfg.Registrations != nil {
		for _, r := range s.cfg.Registrations(id) {
			out[r.Channel] = true
		}
	}
	return out
}

func channelOf(c *store.Channel, registered map[string]bool) Channel {
	return Channel{ID: c.ID, Registered: registered[c.Name], ChannelInput: ChannelInput{
		Name: c.Name, Description: c.Description, Enabled: ptr(c.Enabled), Secure: c.Secure, DTMF: string(c.DTMF),
		AreaCode: c.AreaCode, Language: c.Language, CallLimit: c.CallLimit, EmergencyCallerID: c.EmergencyCallerID, User: c.User,
		Linked: c.Linked, AutoLogin: c.AutoLogin}}
}

func (in *ChannelInput) apply(c *store.Channel) {
	c.Name, c.Description, c.Enabled, c.Secure, c.DTMF = in.Name, in.Description, *in.Enabled, in.Secure, dialplan.DTMFMode(in.DTMF)
	user := in.User
	if c.Linked && !in.Linked && user == c.User {
		user = ""
	}
	c.AreaCode, c.Language, c.CallLimit, c.EmergencyCallerID, c.User = in.AreaCode, in.Language, in.CallLimit, in.EmergencyCallerID, user
	c.Linked, c.AutoLogin = in.Linked, in.AutoLogin
	if in.Password != "" {
		c.Password = in.Password
	}
}

// check that the users are some.
func (in *ChannelInput) check(ctx context.Context, tx *store.Tx) error {
	kinds, err := tx.ExtensionKinds(ctx, []string{in.User, in.AutoLogin})
	if err != nil {
		return err
	}
	var errs []*huma.ErrorDetail
	if in.User != "" && kinds[in.User] != dialplan.KindUser {
		errs = append(errs, field("user", in.User+" is not a user extension"))
	}
	if in.AutoLogin != "" && kinds[in.AutoLogin] != dialplan.KindUser {
		errs = append(errs, field("auto_login", in.AutoLogin+" is not a user extension"))
	}
	if in.Linked && in.User == "" {
		errs = append(errs, field("linked", "needs a user"))
	}
	if len(errs) > 0 {
		return invalid(errs...)
	}
	return nil
}

func (s *server) listChannels(ctx context.Context, in *struct {
	AccountPath
	PageQuery
	User string `query:"user" pattern:"^[0-9]{2,5}$" patternDescription:"an extension number" doc:"Those on which this user is logged in."`
}) (*PageOutput[Channel], error) {
	p, err := in.keyed(false)
	if err != nil {
		return nil, err
	}
	var out *PageOutput[Channel]
	err = s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		rows, total, err := tx.ListChannels(ctx, store.ChannelFilter{User: in.User}, p)
		reg := s.registered(in.id())
		out = answerKeyed(rows, total, p, func(c *store.Channel) string { return c.Name }, func(c *store.Channel) Channel { return channelOf(c, reg) })
		return err
	})
	return out, err
}

func (s *server) createChannel(ctx context.Context, in *struct {
	AccountPath
	Body Channel
}) (*Row[NewChannel], error) {
	var out *Row[NewChannel]
	err := s.inAccount(ctx, in.id(), channelColumns(), func(tx *store.Tx, _ *store.Account) error {
		if err := in.Body.check(ctx, tx); err != nil {
			return err
		}
		c := &store.Channel{}
		c.Password = store.NewChannelPassword()
		in.Body.apply(c)
		if err := tx.CreateChannel(ctx, c); err != nil {
			return err
		}
		shown := channelOf(c, nil)
		out = created(c.Revision, NewChannel{shown, c.Password}, "/accounts/%d/channels/%s", in.Account, c.Name)
		return s.record(ctx, tx, in.id(), actionCreate, "channel", c.Name, nil, shown)
	})
	return out, err
}

func (s *server) getChannel(ctx context.Context, in *ChannelPath) (*Row[Channel], error) {
	var out *Row[Channel]
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		c, err := tx.ReadChannel(ctx, in.Channel)
		if err != nil {
			return err
		}
		out = row(c.Revision, channelOf(c, s.registered(in.id())))
		return nil
	})
	return out, err
}

func (s *server) updateChannel(ctx context.Context, in *struct {
	ChannelPath
	Match
	Body Channel
}) (*Row[Channel], error) {
	var out *Row[Channel]
	err := s.inAccount(ctx, in.id(), channelColumns(), func(tx *store.Tx, _ *store.Account) error {
		c, err := tx.ReadChannel(ctx, in.Channel)
		if err != nil {
			return err
		}
		if err := in.Body.check(ctx, tx); err != nil {
			return err
		}
		before := channelOf(c, nil)
		var note []string
		if in.Body.Password != "" && in.Body.Password != c.Password {
			note = append(note, "password")
		}
		in.Body.apply(c)
		if c.Revision, err = in.revision(c.Revision); err != nil {
			return err
		}
		if err := tx.UpdateChannel(ctx, in.Channel, c); err != nil {
			return err
		}
		after := channelOf(c, nil)
		out = row(c.Revision, channelOf(c, s.registered(in.id())))
		return s.record(ctx, tx, in.id(), actionUpdate, "channel", in.Channel, before, after, note...)
	})
	return out, err
}

func (s *server) newPassword(ctx context.Context, in *struct {
	ChannelPath
	Match
}) (*Row[NewChannel], error) {
	var out *Row[NewChannel]
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		c, err := tx.ReadChannel(ctx, in.Channel)
		if err != nil {
			return err
		}
		c.Password = store.NewChannelPassword()
		if c.Revision, err = in.revision(c.Revision); err != nil {
			return err
		}
		if err := tx.UpdateChannel(ctx, in.Channel, c); err != nil {
			return err
		}
		shown := channelOf(c, nil)
		out = row(c.Revision, NewChannel{channelOf(c, s.registered(in.id())), c.Password})
		return s.record(ctx, tx, in.id(), actionUpdate, "channel", in.Channel, shown, shown, "password")
	})
	return out, err
}

func (s *server) deleteChannel(ctx context.Context, in *struct {
	ChannelPath
	Match
}) (*Empty, error) {
	return &Empty{}, s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		c, err := tx.ReadChannel(ctx, in.Channel)
		if err != nil {
			return err
		}
		rev, err := in.revision(c.Revision)
		if err != nil {
			return err
		}
		if err := tx.DeleteChannel(ctx, in.Channel, rev); err != nil {
			return err
		}
		return s.record(ctx, tx, in.id(), actionDelete, "channel", in.Channel, channelOf(c, nil), nil)
	})
}

func (s *server) listRegistrations(ctx context.Context, in *AccountPath) (*PageOutput[Registration], error) {
	out := &PageOutput[Registration]{Body: Page[Registration]{Items: []Registration{}}}
	err := s.inAccount(ctx, in.id(), nil, func(*store.Tx, *store.Account) error {
		if s.cfg.Registrations != nil {
			out.Body.Items = append(out.Body.Items, s.cfg.Registrations(in.id())...)
		}
		return nil
	})
	return out, err
}
