// Package identity proves who somebody is: passwords, one-time codes, single sign-on. It keeps nothing.
package identity

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// Parameters of argon2id: the second recommendation of RFC 9106 section 4 (64 MiB, 3 passes) with one lane, as log-ins share the cores
// with calls.
const (
	passes  = 3
	memory  = 64 << 10 // KiB
	lanes   = 1
	keySize = 32
)

// Lengths of passwords in characters (NIST SP 800-63B section 5.1.1.2).
const (
	MinPassword = 12
	MaxPassword = 200
)

// Passwords hashes and verifies passwords, as many at a time as there is memory for.
type Passwords struct {
	slots chan struct{}
	// What an unknown address is compared with, so that it takes as long as a known one.
	decoy string
}

// NewPasswords lets at most atOnce passwords be hashed at the same time, 64 MiB each.
func NewPasswords(atOnce int) *Passwords {
	return &Passwords{slots: make(chan struct{}, max(1, atOnce)), decoy: encode(make([]byte, 16), make([]byte, keySize))}
}

// CheckPassword says what is wrong with a new password; empty: nothing. about are words that must not be it, such as the address.
func CheckPassword(password string, about ...string) string {
	n := utf8.RuneCountInString(password)
	switch {
	case !utf8.ValidString(password):
		return "must be text"
	case n < MinPassword:
		return fmt.Sprintf("must have at least %d characters", MinPassword)
	case n > MaxPassword:
		return fmt.Sprintf("must have at most %d characters", MaxPassword)
	}
	seen := map[rune]bool{}
	for _, r := range password {
		seen[r] = true
	}
	if len(seen) < 5 {
		return "must have at least 5 different characters"
	}
	for _, a := range about {
		if a != "" && strings.EqualFold(a, password) {
			return "must not be your name or address"
		}
	}
	return ""
}

// Hash gives the hash of a password in the PHC string format.
func (p *Passwords) Hash(password string) string {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails
	p.slots <- struct{}{}
	defer func() { <-p.slots }()
	return encode(salt, argon2.IDKey([]byte(password), salt, passes, memory, lanes, keySize))
}

func encode(salt, key []byte) string {
	b := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, memory, passes, lanes, b.EncodeToString(salt), b.EncodeToString(key))
}

// Verify tells whether password is the one of a hash. With an empty hash it is false after the same time.
func (p *Passwords) Verify(hash, password string) (bool, error) {
	real := hash != ""
	if !real {
		hash = p.decoy
	}
	var version, m, t, lanes int
	fields := strings.Split(hash, "$")
	if len(fields) != 6 || fields[1] != "argon2id" {
		return false, errors.New("verify password: hash is not argon2id")
	}
	if _, err := fmt.Sscanf(fields[2], "v=%d", &version); err != nil || version != argon2.Version {
		return false, fmt.Errorf("verify password: version %q", fields[2])
	}
	if _, err := fmt.Sscanf(fields[3], "m=%d,t=%d,p=%d", &m, &t, &lanes); err != nil || m < 1 || m > 1<<20 || t < 1 || t > 100 || lanes < 1 || lanes > 255 {
		return false, fmt.Errorf("verify password: parameters %q", fields[3])
	}
	salt, err := base64.RawStdEncoding.DecodeString(fields[4])
	if err != nil {
		return false, fmt.Errorf("verify password: salt: %w", err)
	}
	key, err := base64.RawStdEncoding.DecodeString(fields[5])
	if err != nil || len(key) < 16 {
		return false, errors.New("verify password: key of the hash")
	}
	p.slots <- struct{}{}
	defer func() { <-p.slots }()
	got := argon2.IDKey([]byte(password), salt, uint32(t), uint32(m), uint8(lanes), uint32(len(key))) // #nosec G115 -- bounded above
	return subtle.ConstantTimeCompare(got, key) == 1 && real, nil
}
