package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"callplane/store"
)

// PartnerInput is a reseller as written.
type PartnerInput struct {
	Name string `json:"name" minLength:"1" maxLength:"200" doc:"Unique on the platform."`
}

// Resolve checks the whole.
func (p *PartnerInput) Resolve(huma.Context) []error { return errorsOf(text("name", p.Name)) }

// Partner is a reseller as read.
type Partner struct {
	ID int64 `json:"id" readOnly:"true"`
	PartnerInput
	Created time.Time `json:"created_at" readOnly:"true"`
}

// PartnerPath is in the path of a partner.
type PartnerPath struct {
	Partner int64 `path:"partner" minimum:"1" doc:"Id of the partner."`
}

func partnerOf(p *store.Partner) Partner {
	return Partner{ID: p.ID, Created: p.Created, PartnerInput: PartnerInput{Name: p.Name}}
}

func (s *server) partners(api huma.API) {
	const tag = "partners"
	register(s, api, scopePlatform, op("list-partners", http.MethodGet, "/partners", tag, "List the partners (resellers)"), s.listPartners)
	register(s, api, scopePlatform, op("create-partner", http.MethodPost, "/partners", tag, "Make a partner"), s.createPartner)
	register(s, api, scopePlatform, op("get-partner", http.MethodGet, "/partners/{partner}", tag, "Get a partner"), s.getPartner)
	register(s, api, scopePlatform, op("update-partner", http.MethodPut, "/partners/{partner}", tag, "Rename a partner"), s.updatePartner)
	register(s, api, scopePlatform, op("delete-partner", http.MethodDelete, "/partners/{partner}", tag, "Delete a partner, which must have no accounts"), s.deletePartner)
}

func (s *server) listPartners(ctx context.Context, in *PageQuery) (out *PageOutput[Partner], err error) {
	p, err := in.page()
	if err != nil {
		return nil, err
	}
	return out, s.onPlatform(ctx, nil, func(tx *store.Tx) error {
		rows, total, err := tx.ListPartners(ctx, p)
		out = answerPage(rows, total, p, partnerOf)
		return err
	})
}

func (s *server) createPartner(ctx context.Context, in *struct{ Body PartnerInput }) (out *Row[Partner], err error) {
	p := &store.Partner{Name: in.Body.Name}
	return out, s.onPlatform(ctx, nil, func(tx *store.Tx) error {
		if err := tx.CreatePartner(ctx, p); err != nil {
			return err
		}
		out = created(p.Revision, partnerOf(p), "/partners/%d", p.ID)
		return s.record(ctx, tx, 0, actionCreate, "partner", itoa(p.ID), nil, out.Body)
	})
}

func (s *server) getPartner(ctx context.Context, in *PartnerPath) (out *Row[Partner], err error) {
	return out, s.onPlatform(ctx, nil, func(tx *store.Tx) error {
		p, err := tx.ReadPartner(ctx, in.Partner)
		if err == nil {
			out = row(p.Revision, partnerOf(p))
		}
		return err
	})
}

func (s *server) updatePartner(ctx context.Context, in *struct {
	PartnerPath
	Match
	Body PartnerInput
}) (out *Row[Partner], err error) {
	return out, s.onPlatform(ctx, nil, func(tx *store.Tx) error {
		p, err := tx.ReadPartner(ctx, in.PartnerPath.Partner)
		if err != nil {
			return err
		}
		before := partnerOf(p)
		p.Name = in.Body.Name
		if p.Revision, err = in.revision(p.Revision); err != nil {
			return err
		}
		if err := tx.UpdatePartner(ctx, p); err != nil {
			return err
		}
		out = row(p.Revision, partnerOf(p))
		return s.record(ctx, tx, 0, actionUpdate, "partner", itoa(p.ID), before, out.Body)
	})
}

func (s *server) deletePartner(ctx context.Context, in *struct {
	PartnerPath
	Match
}) (*Empty, error) {
	return &Empty{}, s.onPlatform(ctx, nil, func(tx *store.Tx) error {
		p, err := tx.ReadPartner(ctx, in.PartnerPath.Partner)
		if err != nil {
			return err
		}
		if err := current("partner", in.Match, p.ID, p.Revision); err != nil {
			return err
		}
		if err := tx.DeletePartner(ctx, p.ID); err != nil {
			return err
		}
		return s.record(ctx, tx, 0, actionDelete, "partner", itoa(p.ID), partnerOf(p), nil)
	})
}
