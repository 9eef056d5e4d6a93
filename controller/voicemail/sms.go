package voicemail

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"

	"callplane/store"
)

// SMSConfig says by which gateway SMS are sent: POST of a JSON object {"id", "to", "text"}, answered by any 2xx. id is the same
// when a message is sent again. The answer may tell the price: {"cost": "0.075", "currency": "EUR"}.
type SMSConfig struct {
	URL   string
	Token string // sent as Bearer; empty: none
	// Price of a message where the gateway tells none, a decimal number, and its currency.
	Price, Currency string
	// Client is used for requests; nil: http.DefaultClient.
	Client *http.Client
}

// SMS sends text messages.
type SMS struct{ cfg SMSConfig }

// NewSMS returns nil without a gateway.
func NewSMS(cfg SMSConfig) *SMS {
	if cfg.URL == "" {
		return nil
	}
	if cfg.Client == nil {
		cfg.Client = http.DefaultClient
	}
	return &SMS{cfg: cfg}
}

var (
	amount   = regexp.MustCompile(`^[0-9]{1,8}(\.[0-9]{1,4})?$`)
	currency = regexp.MustCompile(`^[A-Z]{3}$`)
)

// Send sends one notice and tells what it cost.
func (s *SMS) Send(ctx context.Context, n store.DueNotice, t text) (*store.Charge, error) {
	body, err := json.Marshal(map[string]string{"id": n.ID.String(), "to": n.To, "text": t.Short})
	if err != nil {
		return nil, fmt.Errorf("write SMS: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.cfg.URL, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("send SMS: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", n.ID.String())
	if s.cfg.Token != "" {
		req.Header.Set("Authorization", "Bearer "+s.cfg.Token)
	}
	res, err := s.cfg.Client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("send SMS: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return nil, fmt.Errorf("send SMS: the gateway answered %s: %s", res.Status, strings.TrimSpace(clip(string(answer), 200)))
	}
	if err != nil {
		answer = nil // it has been sent; only its price is not known
	}
	var told struct {
		Cost     json.Number `json:"cost"`
		Currency string      `json:"currency"`
	}
	cost := &store.Charge{Kind: "sms", Amount: s.cfg.Price, Currency: s.cfg.Currency, Detail: "SMS to " + n.To + ": voicemail " + n.Box, Extension: n.Box, Reference: n.ID.String()}
	if json.Unmarshal(answer, &told) == nil && amount.MatchString(told.Cost.String()) && told.Cost != "" {
		cost.Amount = told.Cost.String()
		if currency.MatchString(told.Currency) {
			cost.Currency = told.Currency
		}
	}
	return cost, nil
}
