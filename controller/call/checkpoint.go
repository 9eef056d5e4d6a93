package call

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"callplane/controller/engine"
	"callplane/dialplan"
	"callplane/store"
)

// checkpoint is what a leg remembers of its call, for a controller that restarts (OPS-02).
// It is JSON in base64 because a channel variable takes only printable ASCII.
type checkpoint struct {
	Call          uuid.UUID               `json:"c"`
	Account       dialplan.AccountID      `json:"a"`
	Caller        bool                    `json:"r,omitempty"` // this leg is the caller's
	Direction     store.CallDirection     `json:"d,omitempty"`
	Started       time.Time               `json:"s"`
	Dialed        string                  `json:"n,omitempty"`
	From          engine.Identity         `json:"f,omitzero"`
	FromExtension string                  `json:"fe,omitempty"`
	Prefix        string                  `json:"p,omitempty"`
	Shown         string                  `json:"sh,omitempty"`
	Destination   dialplan.Destination    `json:"at,omitzero"`
	Through       []int64                 `json:"l,omitempty"` // call limits in which it has a place
	Place         *QueuePlace             `json:"qp,omitempty"`
	Queue         int64                   `json:"q,omitempty"` // whose agent this leg calls
	Choice        dialplan.CallerIDChoice `json:"cc,omitzero"`
	Extension     string                  `json:"e,omitempty"`
	Channel       string                  `json:"ch,omitempty"`
	Trunk         string                  `json:"t,omitempty"`
	Number        string                  `json:"no,omitempty"`
	Payer         string                  `json:"pa,omitempty"`
	Role          Role                    `json:"ro,omitempty"`
	Assisted      Assisted                `json:"as,omitempty"`
}

func (p checkpoint) encode() (string, error) {
	raw, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("encode checkpoint: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(raw), nil
}

func decodeCheckpoint(s string) (checkpoint, error) {
	var p checkpoint
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return p, fmt.Errorf("decode checkpoint: %w", err)
	}
	if err := json.Unmarshal(raw, &p); err != nil {
		return p, fmt.Errorf("decode checkpoint: %w", err)
	}
	return p, nil
}

// checkpointOf describes a leg of this call.
func (c *Call) checkpointOf(l *Leg) checkpoint {
	p := checkpoint{
		Call: c.ID, Account: c.Account.ID, Caller: l == c.Caller, Started: c.started,
		Extension: l.Extension, Channel: l.Channel, Trunk: l.Trunk, Number: l.Number, Payer: l.record.Payer, Queue: l.Queue, Role: l.role, Assisted: l.assisted,
	}
	if p.Caller || l.role == RoleHeld { // who is held stays if the caller goes
		p.Direction, p.Dialed, p.From, p.FromExtension = c.Direction, c.Dialed, c.From, c.FromExtension
		p.Prefix, p.Shown, p.Destination, p.Through, p.Choice, p.Place = c.Prefix, c.Shown, c.destination, c.through, c.Choice, c.queue
	}
	return p
}

// writeCheckpoints is done at the first wait of a step, not before its first command: the
// caller should not wait for it.
func (c *Call) writeCheckpoints(ctx context.Context) {
	if c.Account == nil {
		return
	}
	for _, l := range c.legs {
		if !l.dirty && (!c.dirty || l != c.Caller) {
			continue
		}
		l.dirty = false
		if !l.Up() {
			continue
		}
		text, err := c.checkpointOf(l).encode()
		if err == nil {
			err = l.Engine.Checkpoint(ctx, l.ID, text)
		}
		_ = c.failed(l, "write checkpoint of", err)
	}
	c.dirty = false
}
