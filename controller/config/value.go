package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// The parsers say what is expected and never repeat the value: it may be a secret.

func parseText(s string) (string, error) {
	if strings.ContainsAny(s, "\r\n\x00") {
		return "", errors.New("must be one line")
	}
	return s, nil
}

func optional[T any](parse func(string) (T, error)) func(string) (T, error) {
	return func(s string) (T, error) {
		if s == "" {
			var zero T
			return zero, nil
		}
		return parse(s)
	}
}

func oneOf(values ...string) func(string) (string, error) {
	return func(s string) (string, error) {
		for _, v := range values {
			if strings.EqualFold(s, v) {
				return v, nil
			}
		}
		return "", fmt.Errorf("must be one of %s", strings.Join(values, ", "))
	}
}

func parseLevel(s string) (slog.Level, error) {
	s, err := oneOf("debug", "info", "warn", "error")(s)
	if err != nil {
		return 0, err
	}
	var l slog.Level
	return l, l.UnmarshalText([]byte(s))
}

func parseBool(s string) (bool, error) {
	switch strings.ToLower(s) {
	case "true", "yes", "on", "1":
		return true, nil
	case "false", "no", "off", "0":
		return false, nil
	}
	return false, errors.New("must be true or false")
}

func parseInt64(low, high int64) func(string) (int64, error) {
	return func(s string) (int64, error) {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil || n < low || n > high {
			return 0, fmt.Errorf("must be a whole number from %d to %d", low, high)
		}
		return n, nil
	}
}

func parseInt(low, high int) func(string) (int, error) {
	return func(s string) (int, error) {
		n, err := parseInt64(int64(low), int64(high))(s)
		return int(n), err
	}
}

func parseDuration(low, high time.Duration) func(string) (time.Duration, error) {
	return func(s string) (time.Duration, error) {
		d, err := time.ParseDuration(s)
		if err != nil || d < low || d > high {
			return 0, fmt.Errorf("must be a duration with its unit, such as 500ms, 30s, 5m or 2h, from %v to %v", low, high)
		}
		return d, nil
	}
}

func parseAddrPort(s string) (netip.AddrPort, error) {
	a, err := netip.ParseAddrPort(s)
	if err != nil || a.Addr().Zone() != "" {
		return netip.AddrPort{}, errors.New("must be an IP address and a port, such as 127.0.0.1:8091 or [::1]:8091")
	}
	return a, nil
}

// parseWeb takes an address of the web.
func parseWeb(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New("must be an address such as https://pbx.example.com")
	}
	return strings.TrimSuffix(s, "/"), nil
}

// parseOrigin takes one without a path.
func parseOrigin(s string) (string, error) {
	s, err := parseWeb(s)
	if err == nil && strings.Count(s, "/") != 2 {
		err = errors.New("must have no path")
	}
	return s, err
}

func parseHostPort(s string) (string, error) {
	host, port, err := net.SplitHostPort(s)
	if err == nil {
		if _, perr := strconv.ParseUint(port, 10, 16); perr != nil || strings.ContainsAny(host, " /\r\n\x00") {
			err = errors.New("port")
		}
	}
	if err != nil {
		return "", errors.New("must be a host and a port, such as 127.0.0.1:8080 or :8080")
	}
	return s, nil
}

func parseToken(s string) (string, error) {
	bad := len(s) < 16 || len(s) > 256
	for _, r := range s {
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", r) {
			bad = true
		}
	}
	if bad {
		return "", errors.New("must have 16 to 256 letters, digits, - and _; make one with: openssl rand -hex 24")
	}
	return s, nil
}

func parseDSN(s string) (string, error) {
	const want = "must be a URL such as postgres://user:password@host/database, or key=value pairs such as host=/run/postgresql dbname=callplane"
	if strings.HasPrefix(s, "postgres://") || strings.HasPrefix(s, "postgresql://") {
		if _, err := url.Parse(s); err != nil {
			return "", errors.New(want)
		}
		return s, nil
	}
	if strings.Contains(s, "://") || !strings.Contains(s, "=") {
		return "", errors.New(want)
	}
	return parseText(s)
}

func parsePath(s string) (string, error) {
	if s == "" || strings.ContainsAny(s, "\r\n\x00") {
		return "", errors.New("must be a path")
	}
	return filepath.Clean(s), nil
}

func parseDomain(s string) (string, error) {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		return a.String(), nil
	}
	bad := len(s) > 253 || s == ""
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			bad = true
		}
		for i := range len(label) {
			c := label[i]
			if c != '-' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
				bad = true
			}
		}
	}
	if bad {
		return "", errors.New("must be a host name such as sip.example.com, or an IP address")
	}
	return strings.ToLower(s), nil
}

// words reads a list: of the file, or text with commas or white space between.
func words(raw any) ([]string, error) {
	switch v := raw.(type) {
	case nil:
		return nil, nil
	case string:
		return strings.FieldsFunc(v, func(r rune) bool { return strings.ContainsRune(", \t\r\n", r) }), nil
	case []any:
		var out []string
		for _, e := range v {
			s, err := scalar(e)
			if err != nil {
				return nil, errors.New("has an entry that is a list or a map, single values are expected")
			}
			out = append(out, s)
		}
		return out, nil
	}
	return nil, errors.New("must be a list")
}

func setPrefixes(field func(*Config) *[]netip.Prefix) func(*Config, any) error {
	return func(c *Config, raw any) error {
		list, err := words(raw)
		if err != nil {
			return err
		}
		var out []netip.Prefix
		for i, s := range list {
			p, err := netip.ParsePrefix(s)
			if err != nil {
				a, aerr := netip.ParseAddr(s)
				if aerr != nil || a.Zone() != "" {
					return fmt.Errorf("entry %d must be an address or a network, such as 192.0.2.7 or 2001:db8::/32", i+1)
				}
				p = netip.PrefixFrom(a, a.BitLen())
			}
			out = append(out, p.Masked())
		}
		*field(c) = out
		return nil
	}
}

func parseWebURL(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", errors.New("must be a URL such as https://sms.example.com/send")
	}
	return s, nil
}

func parseAmount(s string) (string, error) {
	whole, part, _ := strings.Cut(s, ".")
	if whole == "" || len(whole) > 8 || len(part) > 4 || strings.HasSuffix(s, ".") || strings.Trim(whole+part, "0123456789") != "" {
		return "", errors.New("must be a decimal number such as 0.0750")
	}
	return s, nil
}

func parseCurrency(s string) (string, error) {
	if len(s) != 3 || strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return "", errors.New("must be three capital letters such as EUR")
	}
	return s, nil
}
