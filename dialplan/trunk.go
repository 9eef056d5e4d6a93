package dialplan

import (
	"net/netip"
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
	Sources  []netip.Prefix
	Format   NumberFormat
	Timeout  time.Duration // without any response from the carrier before the next trunk is tried
	Channels int           // simultaneous calls; 0: no limit
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
