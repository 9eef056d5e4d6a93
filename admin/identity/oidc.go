package identity

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Issuer is an OpenID provider at which people may log in, such as Microsoft Entra ID.
type Issuer struct {
	Name         string // in paths: letters, digits, - and _
	Title        string // on the button
	URL          string // of the issuer; its document is at URL/.well-known/openid-configuration
	ClientID     string
	ClientSecret string
}

// SignOn logs people in at an issuer (OpenID Connect Core 1.0, authorization code flow with PKCE). The issuer's document is
// fetched when it is needed first, so that an issuer that is away does not keep the service from starting.
type SignOn struct {
	Issuer   Issuer
	callback string

	mu       sync.Mutex
	provider *oidc.Provider
}

// NewSignOn takes the address to which the issuer sends people back.
func NewSignOn(i Issuer, callback string) *SignOn { return &SignOn{Issuer: i, callback: callback} }

// Asked is what must be remembered between asking an issuer and its answer, on the browser's side.
type Asked struct {
	State    string    `json:"state"`
	Nonce    string    `json:"nonce"`
	Verifier string    `json:"verifier"`
	Until    time.Time `json:"until"`
}

// askedFor is how long people may take at the issuer.
const askedFor = 10 * time.Minute

func (s *SignOn) client(ctx context.Context) (*oidc.Provider, *oauth2.Config, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.provider == nil {
		// Its keys are fetched later, when ctx is over.
		p, err := oidc.NewProvider(context.WithoutCancel(ctx), s.Issuer.URL)
		if err != nil {
			return nil, nil, fmt.Errorf("ask issuer %s for its document: %w", s.Issuer.Name, err)
		}
		s.provider = p
	}
	return s.provider, &oauth2.Config{ClientID: s.Issuer.ClientID, ClientSecret: s.Issuer.ClientSecret, Endpoint: s.provider.Endpoint(),
		RedirectURL: s.callback, Scopes: []string{oidc.ScopeOpenID, "email", "profile"}}, nil
}

// Ask gives the address at the issuer to which the browser goes.
func (s *SignOn) Ask(ctx context.Context, now time.Time) (address string, a Asked, err error) {
	_, cfg, err := s.client(ctx)
	if err != nil {
		return "", Asked{}, err
	}
	a = Asked{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Until: now.Add(askedFor)}
	return cfg.AuthCodeURL(a.State, oidc.Nonce(a.Nonce), oauth2.S256ChallengeOption(a.Verifier)), a, nil
}

// ErrSignOn is an answer of an issuer that proves nothing.
var ErrSignOn = errors.New("single sign-on failed")

// Answered takes what the browser brought back and gives the e-mail address that the issuer vouches for.
func (s *SignOn) Answered(ctx context.Context, a Asked, state, code string, now time.Time) (email string, err error) {
	if state == "" || state != a.State || now.After(a.Until) {
		return "", fmt.Errorf("%w: it was not asked for, or too long ago", ErrSignOn)
	}
	provider, cfg, err := s.client(ctx)
	if err != nil {
		return "", err
	}
	token, err := cfg.Exchange(ctx, code, oauth2.VerifierOption(a.Verifier))
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrSignOn, err)
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := provider.Verifier(&oidc.Config{ClientID: s.Issuer.ClientID, Now: func() time.Time { return now }}).Verify(ctx, raw)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrSignOn, err)
	}
	if id.Nonce != a.Nonce {
		return "", fmt.Errorf("%w: the answer is to another question", ErrSignOn)
	}
	var claims struct {
		Email    string `json:"email"`
		Verified *bool  `json:"email_verified"`
	}
	if err := id.Claims(&claims); err != nil {
		return "", fmt.Errorf("%w: %w", ErrSignOn, err)
	}
	// An address that the issuer has not checked could be anybody's. Issuers of one organisation leave the claim out.
	if claims.Email == "" || claims.Verified != nil && !*claims.Verified {
		return "", fmt.Errorf("%w: the issuer vouches for no e-mail address", ErrSignOn)
	}
	return claims.Email, nil
}
