package api

import (
	"context"
	"net/http"
	"net/netip"

	"github.com/danielgtaylor/huma/v2"

	"callplane/dialplan"
	"callplane/store"
)

// TrunkPath is in the path of a trunk.
type TrunkPath struct {
	Trunk string `path:"trunk" maxLength:"40" doc:"Its name."`
}

func (s *server) trunks(api huma.API) {
	const tag = "trunks"
	register(s, api, scopePlatform, op("list-trunks", http.MethodGet, "/trunks", tag, "List carriers by priority"), s.listTrunks)
	register(s, api, scopePlatform, op("create-trunk", http.MethodPost, "/trunks", tag, "Make a trunk to a carrier"), s.createTrunk)
	register(s, api, scopePlatform, op("get-trunk", http.MethodGet, "/trunks/{trunk}", tag, "Get a trunk"), s.getTrunk)
	register(s, api, scopePlatform, op("update-trunk", http.MethodPut, "/trunks/{trunk}", tag, "Replace a trunk"), s.updateTrunk)
	register(s, api, scopePlatform, op("delete-trunk", http.MethodDelete, "/trunks/{trunk}", tag, "Delete a trunk"), s.deleteTrunk)
}

func trunkOf(t *store.Trunk) Trunk {
	out := Trunk{ID: t.ID, TrunkInput: TrunkInput{Name: t.Name, Enabled: ptr(t.Enabled), Account: int64(t.Account), Country: string(t.Country),
		Priority: t.Priority, Host: t.Host, Port: int(t.Port), Transport: t.Transport, Username: t.Username, Register: t.Register,
		Secure: t.Secure, Format: string(t.Format), Timeout: t.Timeout.Seconds(), Channels: t.Channels, Emergency: t.Emergency}}
	for _, p := range t.Sources {
		out.Sources = append(out.Sources, p.String())
	}
	return out
}

func (in *TrunkInput) apply(t *store.Trunk) {
	t.Name, t.Enabled, t.Account, t.Country = in.Name, *in.Enabled, dialplan.AccountID(in.Account), dialplan.Country(in.Country)
	t.Priority, t.Host, t.Port, t.Transport, t.Username = in.Priority, in.Host, uint16(in.Port), in.Transport, in.Username
	t.Register, t.Secure, t.Format, t.Timeout, t.Channels, t.Emergency = in.Register, in.Secure, dialplan.NumberFormat(in.Format), duration(in.Timeout), in.Channels, in.Emergency
	if in.Password != "" {
		t.Password = in.Password
	}
	if in.Username == "" {
		t.Password = ""
	}
	t.Sources = make([]netip.Prefix, 0, len(in.Sources))
	for _, s := range in.Sources {
		if p, err := prefix(s); err == nil { // Resolve has refused the others
			t.Sources = append(t.Sources, p)
		}
	}
}

func trunkColumns() map[string]string {
	return map[string]string{"account_id": "account", "timeout_ms": "timeout"}
}

func (s *server) listTrunks(ctx context.Context, in *PageQuery) (*PageOutput[Trunk], error) {
	p, err := in.page()
	if err != nil {
		return nil, err
	}
	var out *PageOutput[Trunk]
	err = s.onPlatform(ctx, nil, func(tx *store.Tx) error {
		rows, total, err := tx.ListTrunks(ctx, p)
		out = answerPage(rows, total, p, trunkOf)
		return err
	})
	return out, err
}

func (s *server) createTrunk(ctx context.Context, in *struct{ Body Trunk }) (*Row[Trunk], error) {
	var out *Row[Trunk]
	err := s.onPlatform(ctx, trunkColumns(), func(tx *store.Tx) error {
		t := &store.Trunk{}
		in.Body.apply(t)
		if err := tx.CreateTrunk(ctx, t); err != nil {
			return err
		}
		shown := trunkOf(t)
		out = created(t.Revision, shown, "/trunks/%s", t.Name)
		return s.record(ctx, tx, 0, actionCreate, "trunk", t.Name, nil, shown)
	})
	return out, err
}

func (s *server) getTrunk(ctx context.Context, in *TrunkPath) (*Row[Trunk], error) {
	var out *Row[Trunk]
	err := s.onPlatform(ctx, nil, func(tx *store.Tx) error {
		t, err := tx.ReadTrunk(ctx, in.Trunk)
		if err != nil {
			return err
		}
		out = row(t.Revision, trunkOf(t))
		return nil
	})
	return out, err
}

func (s *server) updateTrunk(ctx context.Context, in *struct {
	TrunkPath
	Match
	Body Trunk
}) (*Row[Trunk], error) {
	var out *Row[Trunk]
	err := s.onPlatform(ctx, trunkColumns(), func(tx *store.Tx) error {
		t, err := tx.ReadTrunk(ctx, in.Trunk)
		if err != nil {
			return err
		}
		before, password := trunkOf(t), t.Password
		in.Body.apply(t)
		if t.Revision, err = in.revision(t.Revision); err != nil {
			return err
		}
		if err := tx.UpdateTrunk(ctx, t); err != nil {
			return err
		}
		after := trunkOf(t)
		out = row(t.Revision, after)
		var note []string
		if t.Password != password {
			note = append(note, "password")
		}
		return s.record(ctx, tx, 0, actionUpdate, "trunk", in.Trunk, before, after, note...)
	})
	return out, err
}

func (s *server) deleteTrunk(ctx context.Context, in *struct {
	TrunkPath
	Match
}) (*Empty, error) {
	return &Empty{}, s.onPlatform(ctx, nil, func(tx *store.Tx) error {
		t, err := tx.ReadTrunk(ctx, in.Trunk)
		if err != nil {
			return err
		}
		rev, err := in.revision(t.Revision)
		if err != nil {
			return err
		}
		if err := tx.DeleteTrunk(ctx, in.Trunk, rev); err != nil {
			return err
		}
		return s.record(ctx, tx, 0, actionDelete, "trunk", in.Trunk, trunkOf(t), nil)
	})
}
