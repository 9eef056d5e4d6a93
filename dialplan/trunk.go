package dialplan

import (
	"net/netip"
	"strings"
	"time"
)

// NumberFormat is how a carrier wants and gives numbers.
type NumberFormat string

// Number formats of carriers.
const (
	FormatE164      NumberFormat = "e164"      // +31201234567
	FormatE164Plain NumberFormat = "e164plain" // 31201234567
	FormatIDD       NumberFormat = "idd"       // 0031201234567
	FormatNational  NumberFormat = "national"  // 0201234567, abroad 00…
)

// Trunk is a SIP connection to a carrier.
type Trunk struct {
	ID       int64
	Name     string
	Enabled  bool
	Account  AccountID // 0: for all accounts
	Country  Country   // for FormatNational
	Priority int       // lower is tried first
	Host     string
	Port     uint16
	// Transport is udp, tcp or tls.
	Transport          string
	Username, Password string
	Register           bool
	Secure             bool
	// Sources are the addresses from which the carrier calls in.
	Sources []netip.Prefix
	Format  NumberFormat
	// Emergency is how the carrier wants emergency numbers, by which it finds the centre of the caller's place: {number} with
	// {area}, the area code without trunk prefix, and {cc}, the country's prefix. Empty: the number alone.
	Emergency string
	Timeout   time.Duration // without any response from the carrier before the next trunk is tried
	Channels  int           // simultaneous calls; 0: no limit
}

// OutboundTrunks are those an account's call may use, best first.
func OutboundTrunks(all []*Trunk, a AccountID) []*Trunk {
	var out []*Trunk
	for _, t := range all {
		if t.Enabled && (t.Account == 0 || t.Account == a) {
			out = append(out, t)
		}
	}
	// Insertion sort: few trunks, and the order of equals stays that of the list.
	for i := 1; i < len(out); i++ {
		for j := i; j > 0 && less(out[j], out[j-1]); j-- {
			out[j], out[j-1] = out[j-1], out[j]
		}
	}
	return out
}

// less puts an account's own trunk before a shared one of the same priority.
func less(x, y *Trunk) bool {
	if x.Priority != y.Priority {
		return x.Priority < y.Priority
	}
	return x.Account != 0 && y.Account == 0
}

// InboundTrunk finds the carrier behind a source address, the most specific prefix first.
func InboundTrunk(all []*Trunk, from netip.Addr) *Trunk {
	var best *Trunk
	bits := -1
	for _, t := range all {
		if !t.Enabled {
			continue
		}
		for _, p := range t.Sources {
			if p.Contains(from.Unmap()) && p.Bits() > bits {
				best, bits = t, p.Bits()
			}
		}
	}
	return best
}

// CarrierNumber is a number as the carrier wants it. An emergency number goes with the area code of who calls it (FAC-EMG-01), where
// the carrier takes that and the area code is known; it always goes.
func (t *Trunk) CarrierNumber(d Dialed) string {
	if d.Kind != NumberEmergency || t.Emergency == "" || d.AreaCode == "" && strings.Contains(t.Emergency, "{area}") {
		return Format(d.Number(), t.Format, t.Country)
	}
	prefix := ""
	if r, err := t.Country.Rules(); err == nil {
		prefix = r.Prefix
	}
	return strings.NewReplacer("{number}", d.National, "{area}", d.AreaCode, "{cc}", prefix).Replace(t.Emergency)
}

// CheckEmergency tells what is wrong with Trunk.Emergency; empty: nothing.
func CheckEmergency(s string) string {
	if s == "" {
		return ""
	}
	rest := strings.NewReplacer("{area}", "", "{cc}", "").Replace(s)
	if strings.Count(rest, "{number}") != 1 || len(s) > 64 {
		return "must have {number} once and may have {area} and {cc}"
	}
	if rest = strings.Replace(rest, "{number}", "", 1); strings.Trim(strings.TrimPrefix(rest, "+"), "0123456789*#") != "" {
		return "may have digits, * and # beside {number}, {area} and {cc}, and + at the begin"
	}
	return ""
}
