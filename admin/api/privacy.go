package api

import (
	"context"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"callplane/dialplan"
	"callplane/store"
)

// PrivacyGroupInput is a privacy group as it is written.
type PrivacyGroupInput struct {
	Name    string   `json:"name" minLength:"1" maxLength:"200"`
	Members []string `json:"members,omitempty" maxItems:"500" doc:"Numbers of user extensions, which have the rights that extensions give to the group."`
}

// Resolve checks the whole.
func (p *PrivacyGroupInput) Resolve(huma.Context) []error {
	errs := text("name", p.Name)
	seen := make(map[string]bool)
	for i, m := range p.Members {
		at := fmt.Sprintf("members[%d]", i)
		if seen[m] {
			errs = append(errs, field(at, m+" is there twice"))
		}
		seen[m] = true
		if !extensionNumber.MatchString(m) {
			errs = append(errs, field(at, "must be the number of a user extension"))
		}
	}
	return errorsOf(errs)
}

// PrivacyGroup is a privacy group as it is read.
type PrivacyGroup struct {
	ID int64 `json:"id" readOnly:"true"`
	PrivacyGroupInput
}

// UserPrivacy gives a privacy group rights over a user.
type UserPrivacy struct {
	Group        int64   `json:"group" minimum:"1" maximum:"9007199254740991" doc:"Id of a privacy group."`
	Pickup       bool    `json:"pickup,omitempty" doc:"Take calls that ring there."`
	ParkRetrieve bool    `json:"park_retrieve,omitempty" doc:"Retrieve calls that the user parked."`
	BLF          bool    `json:"blf,omitempty" doc:"See on a busy lamp what the user does."`
	Listen       bool    `json:"listen,omitempty" doc:"Listen in on conversations."`
	Notify       bool    `json:"notify,omitempty" doc:"Be notified of calls that ring there."`
	NotifyDelay  float64 `json:"notify_delay,omitempty" minimum:"0" maximum:"3600" doc:"Seconds that a call must have rung before."`
}

// GroupPrivacy gives a privacy group rights over a group.
type GroupPrivacy struct {
	Group       int64   `json:"group" minimum:"1" maximum:"9007199254740991" doc:"Id of a privacy group."`
	Pickup      bool    `json:"pickup,omitempty" doc:"Take calls that ring there."`
	Notify      bool    `json:"notify,omitempty" doc:"Be notified of calls that ring there."`
	NotifyDelay float64 `json:"notify_delay,omitempty" minimum:"0" maximum:"3600" doc:"Seconds that a call must have rung before."`
}

func (u UserPrivacy) grant() dialplan.PrivacyGrant {
	return dialplan.PrivacyGrant{Group: u.Group, PrivacyRights: dialplan.PrivacyRights{Pickup: u.Pickup, ParkRetrieve: u.ParkRetrieve,
		BLF: u.BLF, Listen: u.Listen, Notify: u.Notify, NotifyDelay: duration(u.NotifyDelay)}}
}

func (g GroupPrivacy) grant() dialplan.PrivacyGrant {
	return dialplan.PrivacyGrant{Group: g.Group, PrivacyRights: dialplan.PrivacyRights{Pickup: g.Pickup, Notify: g.Notify, NotifyDelay: duration(g.NotifyDelay)}}
}

func userPrivacyOf(g dialplan.PrivacyGrant) UserPrivacy {
	return UserPrivacy{Group: g.Group, Pickup: g.Pickup, ParkRetrieve: g.ParkRetrieve, BLF: g.BLF, Listen: g.Listen, Notify: g.Notify,
		NotifyDelay: g.NotifyDelay.Seconds()}
}

func groupPrivacyOf(g dialplan.PrivacyGrant) GroupPrivacy {
	return GroupPrivacy{Group: g.Group, Pickup: g.Pickup, Notify: g.Notify, NotifyDelay: g.NotifyDelay.Seconds()}
}

func each[T, U any](in []T, f func(T) U) (out []U) {
	for _, x := range in {
		out = append(out, f(x))
	}
	return out
}

// privacyTwice finds a privacy group that is given rights twice.
func (e *ExtensionInput) privacyTwice() []*huma.ErrorDetail {
	var ids []int64
	at := "user.privacy"
	switch {
	case e.User != nil:
		ids = each(e.User.Privacy, func(p UserPrivacy) int64 { return p.Group })
	case e.Group != nil:
		at = "group.privacy"
		ids = each(e.Group.Privacy, func(p GroupPrivacy) int64 { return p.Group })
	}
	var errs []*huma.ErrorDetail
	seen := make(map[int64]bool)
	for i, id := range ids {
		if seen[id] {
			errs = append(errs, field(fmt.Sprintf("%s[%d].group", at, i), "is there twice"))
		}
		seen[id] = true
	}
	return errs
}

// PrivacyGroupPath is in the path of a privacy group.
type PrivacyGroupPath struct {
	AccountPath
	Privacy int64 `path:"privacy" minimum:"1" doc:"Its id."`
}

func (s *server) privacyGroups(api huma.API) {
	const tag = "privacy groups"
	const list, one = "/accounts/{account}/privacy-groups", "/accounts/{account}/privacy-groups/{privacy}"
	register(s, api, scopeAccount, op("list-privacy-groups", http.MethodGet, list, tag, "List privacy groups by name"), s.listPrivacyGroups)
	register(s, api, scopeAccount, op("create-privacy-group", http.MethodPost, list, tag, "Make a privacy group"), s.createPrivacyGroup)
	register(s, api, scopeAccount, op("get-privacy-group", http.MethodGet, one, tag, "Get a privacy group"), s.getPrivacyGroup)
	register(s, api, scopeAccount, op("update-privacy-group", http.MethodPut, one, tag, "Replace a privacy group"), s.updatePrivacyGroup)
	register(s, api, scopeAccount, op("delete-privacy-group", http.MethodDelete, one, tag, "Delete a privacy group that has no rights"), s.deletePrivacyGroup)
}

func privacyGroupOf(p *store.PrivacyGroup) PrivacyGroup {
	return PrivacyGroup{ID: p.ID, PrivacyGroupInput: PrivacyGroupInput{Name: p.Name, Members: p.Members}}
}

// usersOnly checks that all members are users of the account.
func usersOnly(ctx context.Context, tx *store.Tx, members []string) error {
	kinds, err := tx.ExtensionKinds(ctx, members)
	if err != nil {
		return err
	}
	var errs []*huma.ErrorDetail
	for i, m := range members {
		if kinds[m] != dialplan.KindUser {
			errs = append(errs, field(fmt.Sprintf("members[%d]", i), m+" is not a user extension"))
		}
	}
	if len(errs) > 0 {
		return invalid(errs...)
	}
	return nil
}

func (s *server) listPrivacyGroups(ctx context.Context, in *struct {
	AccountPath
	PageQuery
}) (*PageOutput[PrivacyGroup], error) {
	p, err := in.page()
	if err != nil {
		return nil, err
	}
	var out *PageOutput[PrivacyGroup]
	err = s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		rows, total, err := tx.ListPrivacyGroups(ctx, p)
		out = answerPage(rows, total, p, privacyGroupOf)
		return err
	})
	return out, err
}

func (s *server) createPrivacyGroup(ctx context.Context, in *struct {
	AccountPath
	Body PrivacyGroup
}) (*Row[PrivacyGroup], error) {
	var out *Row[PrivacyGroup]
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		if err := usersOnly(ctx, tx, in.Body.Members); err != nil {
			return err
		}
		p := &store.PrivacyGroup{PrivacyGroup: dialplan.PrivacyGroup{Name: in.Body.Name, Members: in.Body.Members}}
		if err := tx.CreatePrivacyGroup(ctx, p); err != nil {
			return err
		}
		shown := privacyGroupOf(p)
		out = created(p.Revision, shown, "/accounts/%d/privacy-groups/%d", in.Account, p.ID)
		return s.record(ctx, tx, in.id(), actionCreate, "privacy group", itoa(p.ID), nil, shown)
	})
	return out, err
}

func (s *server) getPrivacyGroup(ctx context.Context, in *PrivacyGroupPath) (*Row[PrivacyGroup], error) {
	var out *Row[PrivacyGroup]
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		p, err := tx.ReadPrivacyGroup(ctx, in.Privacy)
		if err != nil {
			return err
		}
		out = row(p.Revision, privacyGroupOf(p))
		return nil
	})
	return out, err
}

func (s *server) updatePrivacyGroup(ctx context.Context, in *struct {
	PrivacyGroupPath
	Match
	Body PrivacyGroup
}) (*Row[PrivacyGroup], error) {
	var out *Row[PrivacyGroup]
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		p, err := tx.ReadPrivacyGroup(ctx, in.Privacy)
		if err != nil {
			return err
		}
		before := privacyGroupOf(p)
		if err := usersOnly(ctx, tx, in.Body.Members); err != nil {
			return err
		}
		p.Name, p.Members = in.Body.Name, in.Body.Members
		if p.Revision, err = in.revision(p.Revision); err != nil {
			return err
		}
		if err := tx.UpdatePrivacyGroup(ctx, p); err != nil {
			return err
		}
		after := privacyGroupOf(p)
		out = row(p.Revision, after)
		return s.record(ctx, tx, in.id(), actionUpdate, "privacy group", itoa(p.ID), before, after)
	})
	return out, err
}

func (s *server) deletePrivacyGroup(ctx context.Context, in *struct {
	PrivacyGroupPath
	Match
}) (*Empty, error) {
	return &Empty{}, s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		p, err := tx.ReadPrivacyGroup(ctx, in.Privacy)
		if err != nil {
			return err
		}
		rev, err := in.revision(p.Revision)
		if err != nil {
			return err
		}
		if err := tx.DeletePrivacyGroup(ctx, p.ID, rev); err != nil {
			return err
		}
		return s.record(ctx, tx, in.id(), actionDelete, "privacy group", itoa(p.ID), privacyGroupOf(p), nil)
	})
}
