package identity

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"fmt"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"
)

// step of one-time codes (RFC 6238 section 5.2), and how many of them clocks may differ.
const (
	step = 30 * time.Second
	skew = 1
)

// NewTOTP makes the secret of a second factor, and the address by which authenticator apps take it (as a QR code).
func NewTOTP(issuer, account string) (secret, uri string, err error) {
	key, err := totp.Generate(totp.GenerateOpts{Issuer: issuer, AccountName: account})
	if err != nil {
		return "", "", fmt.Errorf("make one-time secret: %w", err)
	}
	return key.Secret(), key.URL(), nil
}

// CheckTOTP tells the time step of which code is; ok is false when it is none, or its step is not after the last one used: a code
// works once (RFC 6238 section 5.2).
func CheckTOTP(secret, code string, last int64, now time.Time) (used int64, ok bool) {
	code = strings.ReplaceAll(code, " ", "")
	if len(code) != 6 {
		return 0, false
	}
	at := now.Unix() / int64(step/time.Second)
	for _, n := range []int64{at, at - skew, at + skew} {
		if n <= last {
			continue
		}
		want, err := hotp.GenerateCodeCustom(secret, uint64(n), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			return n, true
		}
	}
	return 0, false
}

// recoveryCodes that somebody gets.
const recoveryCodes = 10

// NewRecovery makes codes that replace a lost device, and what is kept of them.
func NewRecovery() (codes []string, hashes [][]byte) {
	for range recoveryCodes {
		raw := make([]byte, 10)
		_, _ = rand.Read(raw) // never fails
		text := base32.StdEncoding.EncodeToString(raw)
		code := text[:8] + "-" + text[8:]
		codes, hashes = append(codes, code), append(hashes, hashRecovery(code))
	}
	return codes, hashes
}

func hashRecovery(code string) []byte {
	sum := sha256.Sum256([]byte(strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(code))))
	return sum[:]
}

// UseRecovery takes a code out of those that are left.
func UseRecovery(left [][]byte, code string) (rest [][]byte, ok bool) {
	hash := hashRecovery(code)
	for _, h := range left {
		if !ok && subtle.ConstantTimeCompare(h, hash) == 1 {
			ok = true
			continue
		}
		rest = append(rest, h)
	}
	return rest, ok
}
