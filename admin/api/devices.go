package api

import (
	"context"
	"fmt"
	"net/http"
	"regexp"

	"github.com/danielgtaylor/huma/v2"

	"callplane/store"
)

// DevicesInput are the phones that an administrator gives a user.
type DevicesInput struct {
	Linked    []string `json:"linked,omitempty" maxItems:"2" doc:"Channels to which the user is linked: nobody else can log in there, and the user can't log out. One, with twinning two."`
	AutoLogin []string `json:"auto_login,omitempty" maxItems:"2" doc:"Channels on which the user is logged in when nobody else is. One, with twinning two."`
}

// Devices are the phones of a user.
type Devices struct {
	DevicesInput
	LoggedIn []string `json:"logged_in,omitempty" readOnly:"true" doc:"Channels on which the user is logged in."`
}

func (s *server) devices(api huma.API) {
	const tag, path = "channels", "/accounts/{account}/users/{user}/devices"
	register(s, api, scopeAccount, op("get-devices", http.MethodGet, path, tag, "Get the phones of a user"), s.getDevices)
	register(s, api, scopeAccount, op("update-devices", http.MethodPut, path, tag, "Link a user to phones and say where the user is logged in automatically"), s.updateDevices)
}

// check that the channels are some.
func (in *DevicesInput) check(ctx context.Context, tx *store.Tx) error {
	var errs []*huma.ErrorDetail
	for name, list := range map[string][]string{"linked": in.Linked, "auto_login": in.AutoLogin} {
		for i, channel := range list {
			err := error(&store.NotFound{})
			if channelName.MatchString(channel) {
				_, err = tx.ReadChannel(ctx, channel)
			}
			switch {
			case isNotFound(err):
				errs = append(errs, field(fmt.Sprintf("%s[%d]", name, i), "is no channel of the account"))
			case err != nil:
				return err
			}
		}
	}
	if len(errs) > 0 {
		return invalid(errs...)
	}
	return nil
}

var channelName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{2,63}$`)

func devicesOf(d *store.Devices) Devices {
	return Devices{DevicesInput{Linked: d.Linked, AutoLogin: d.AutoLogin}, d.LoggedIn}
}

func (s *server) getDevices(ctx context.Context, in *UserPath) (*struct{ Body Devices }, error) {
	var out struct{ Body Devices }
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		d, err := tx.ReadDevices(ctx, in.User)
		if err != nil {
			return err
		}
		out.Body = devicesOf(d)
		return nil
	})
	return &out, err
}

func (s *server) updateDevices(ctx context.Context, in *struct {
	UserPath
	Body Devices
}) (*struct{ Body Devices }, error) {
	var out struct{ Body Devices }
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, a *store.Account) error {
		if err := in.Body.check(ctx, tx); err != nil {
			return err
		}
		before, err := tx.ReadDevices(ctx, in.User)
		if err != nil {
			return err
		}
		if err := tx.SetDevices(ctx, in.User, who(ctx).actor(), &store.Devices{Linked: in.Body.Linked, AutoLogin: in.Body.AutoLogin}); err != nil {
			return err
		}
		after, err := tx.ReadDevices(ctx, in.User)
		if err != nil {
			return err
		}
		out.Body = devicesOf(after)
		return s.record(ctx, tx, a.ID, actionUpdate, "devices", in.User, devicesOf(before), out.Body)
	})
	return &out, err
}
