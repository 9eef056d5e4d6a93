package identity

import (
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
)

func TestACC_05_PasswordsAreKeptByArgon2id(t *testing.T) {
	p := NewPasswords(1)
	hash := p.Hash("correct horse battery")
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=65536,t=3,p=1$") || p.Hash("correct horse battery") == hash {
		t.Errorf("hash %s", hash)
	}
	for _, c := range []struct {
		hash, password string
		ok, fails      bool
	}{
		{hash, "correct horse battery", true, false},
		{hash, "correct horse batterY", false, false},
		{hash, "", false, false},
		{"", "correct horse battery", false, false},
		{"", "", false, false},
		{"$2a$10$abc", "x", false, true},
		{"$argon2id$v=19$m=99999999,t=3,p=1$AAAA$AAAA", "x", false, true},
		{"$argon2id$v=19$m=0,t=0,p=0$AAAA$AAAA", "x", false, true},
		{strings.Replace(hash, "v=19", "v=16", 1), "correct horse battery", false, true},
	} {
		ok, err := p.Verify(c.hash, c.password)
		if ok != c.ok || (err != nil) != c.fails {
			t.Errorf("Verify(%q, %q) = %v, %v", c.hash, c.password, ok, err)
		}
	}
}

func TestCheckPassword(t *testing.T) {
	for password, wrong := range map[string]bool{
		"elf letters": true, "twelve chars": false, "ááááááááááéíóú": false, "aaaaaaaaaaaaaaaa": true, strings.Repeat("abcdef", 34): true,
		"\xff\xfeabcdefghijklm": true, "Ann@Example.com": true,
	} {
		if got := CheckPassword(password, "ann@example.com"); (got != "") != wrong {
			t.Errorf("CheckPassword(%q) = %q", password, got)
		}
	}
}

func TestACC_05_TOTPWorksOnce(t *testing.T) {
	secret, uri, err := NewTOTP("Callplane", "ann@example.com")
	if err != nil || !strings.HasPrefix(uri, "otpauth://totp/Callplane:ann@example.com?") {
		t.Fatalf("%q, %v", uri, err)
	}
	now := time.Unix(1_800_000_015, 0)
	code := func(at time.Time) string {
		c, err := hotp.GenerateCodeCustom(secret, uint64(at.Unix()/30), hotp.ValidateOpts{Digits: otp.DigitsSix})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	used, ok := CheckTOTP(secret, code(now), 0, now)
	if !ok || used != now.Unix()/30 {
		t.Fatalf("%d, %v", used, ok)
	}
	if _, ok := CheckTOTP(secret, code(now), used, now); ok {
		t.Error("a code worked twice")
	}
	if _, ok := CheckTOTP(secret, code(now.Add(-30*time.Second)), used, now); ok {
		t.Error("a code from before one that was used worked")
	}
	if _, ok := CheckTOTP(secret, code(now.Add(30*time.Second)), used, now); !ok {
		t.Error("the code of a clock that is half a minute fast")
	}
	for _, at := range []time.Duration{-time.Minute, time.Minute} {
		if _, ok := CheckTOTP(secret, code(now.Add(at)), 0, now); ok {
			t.Errorf("the code of a clock that is off by %v", at)
		}
	}
	for _, bad := range []string{"", "12345", "abcdef", "1234567"} {
		if _, ok := CheckTOTP(secret, bad, 0, now); ok {
			t.Errorf("%q", bad)
		}
	}
}

// RFC 6238 appendix B, of which the last six digits are ours.
func TestTOTPVector(t *testing.T) {
	const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" // 12345678901234567890
	if _, ok := CheckTOTP(secret, "005924", 0, time.Unix(1234567890, 0)); !ok {
		t.Error("vector of 2009-02-13")
	}
}

func TestRecoveryCodesWorkOnce(t *testing.T) {
	codes, left := NewRecovery()
	if len(codes) != recoveryCodes || len(left) != recoveryCodes {
		t.Fatal(len(codes), len(left))
	}
	rest, ok := UseRecovery(left, strings.ToLower(codes[3]))
	if !ok || len(rest) != recoveryCodes-1 {
		t.Fatalf("%d left, %v", len(rest), ok)
	}
	if _, ok := UseRecovery(rest, codes[3]); ok {
		t.Error("a code worked twice")
	}
	if _, ok := UseRecovery(rest, ""); ok {
		t.Error("an empty code")
	}
}

func TestLock(t *testing.T) {
	last := time.Duration(0)
	for n, want := range map[int]time.Duration{0: 0, 4: 0, 5: time.Minute, 6: 2 * time.Minute, 10: 32 * time.Minute, 11: time.Hour, 1 << 40: time.Hour} {
		if got := Lock(n); got != want {
			t.Errorf("Lock(%d) = %v, want %v", n, got, want)
		}
	}
	for n := range 100 {
		if Lock(n) < last {
			t.Fatalf("Lock(%d) is shorter than before", n)
		}
		last = Lock(n)
	}
}

func TestAttempts(t *testing.T) {
	a, now := NewAttempts(time.Minute, 3), time.Unix(0, 0)
	for i := range 3 {
		if !a.Allow("192.0.2.1", now) {
			t.Fatalf("attempt %d", i)
		}
	}
	if a.Allow("192.0.2.1", now) || !a.Allow("192.0.2.2", now) {
		t.Error("the fourth attempt of an address, or the first of another")
	}
	if !a.Allow("192.0.2.1", now.Add(time.Minute)) {
		t.Error("an attempt a minute later")
	}
	for i := range maxAddresses + 10 {
		a.Allow(strings.Repeat("x", i%7)+time.Duration(i).String(), now)
	}
}
