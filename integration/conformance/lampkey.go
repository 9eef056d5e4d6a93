package conformance

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
)

// pickupCode is what phones are configured to dial before the number of a key.
const pickupCode = "*8"

// shownDialog is what a phone finds in a document about a ringing user (RFC 4235).
type shownDialog struct {
	ID     string `xml:"id,attr"`
	CallID string `xml:"call-id,attr"`
	Local  string `xml:"local-tag,attr"` // of the user who is watched
	Remote string `xml:"remote-tag,attr"`
	State  string `xml:"state"`
	Target struct {
		URI string `xml:"uri,attr"`
	} `xml:"remote>target"`
}

// keyOf is what phones do when the key of a ringing user is pressed: they take over the dialog that they are shown (RFC 3891), if
// they are shown one; else they call what is given as its other end, else the pickup code and the number.
func keyOf(document, user string) (number string, how Dial, err error) {
	var doc struct {
		Dialogs []shownDialog `xml:"dialog"`
	}
	if err := xml.Unmarshal([]byte(document), &doc); err != nil {
		return "", how, fmt.Errorf("the document of %s: %w", user, err)
	}
	for _, d := range doc.Dialogs {
		if d.State != "early" {
			continue
		}
		if d.CallID != "" && d.Local != "" && d.Remote != "" {
			how.Headers = map[string]string{"Replaces": d.CallID + ";to-tag=" + d.Local + ";from-tag=" + d.Remote + ";early-only"}
			return user, how, nil
		}
		if at, _, ok := strings.Cut(strings.TrimPrefix(d.Target.URI, "sip:"), "@"); ok && at != "" {
			return at, how, nil
		}
		return pickupCode + user, how, nil
	}
	return "", how, errors.New("the document shows no call that rings: " + document)
}

// Key implements Phone.
func (p *sipPhone) Key(ctx context.Context, user string) (Call, error) {
	p.mu.Lock()
	s := p.lamps[user]
	p.mu.Unlock()
	if s == nil {
		return nil, errors.New("the phone has no lamp of " + user)
	}
	all := s.Notifications()
	number, how, err := keyOf(all[len(all)-1].Body, user)
	if err != nil {
		return nil, err
	}
	return p.Dial(ctx, number, how)
}

// Key implements Phone.
func (p *simPhone) Key(ctx context.Context, user string) (Call, error) {
	return p.Dial(ctx, pickupCode+user, Dial{})
}
