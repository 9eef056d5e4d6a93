package dialplan

// CallerIdentity is the number an outbound call shows.
type CallerIdentity struct {
	Number    string // E.164; empty: there is none to show
	Anonymous bool
	Reason    string
}

// OutboundCallerID decides which number a call to the outside shows. For others than emergency
// calls it is the user's, else the account's. For emergency calls it follows FAC-EMG-01 and is
// never anonymous: the emergency centre must be able to call back. u is nil when nobody is logged in;
// ch is nil when the call does not come from a channel.
func OutboundCallerID(a *Account, u *User, ch *Channel, emergency bool) CallerIdentity {
	if u != nil && u.CallerID != "" {
		return CallerIdentity{Number: u.CallerID, Reason: "caller ID of the user"}
	}
	if !emergency {
		if a.CallerID != "" {
			return CallerIdentity{Number: a.CallerID, Reason: "caller ID of the account"}
		}
		return CallerIdentity{Anonymous: true, Reason: "neither user nor account has a caller ID"}
	}
	switch {
	case u != nil && u.EmergencyCallerID != "":
		return CallerIdentity{Number: u.EmergencyCallerID, Reason: "emergency caller ID of the user"}
	case ch != nil && ch.EmergencyCallerID != "":
		return CallerIdentity{Number: ch.EmergencyCallerID, Reason: "emergency caller ID of the channel"}
	case a.EmergencyCallerID != "":
		return CallerIdentity{Number: a.EmergencyCallerID, Reason: "emergency caller ID of the account"}
	}
	// Any company number will do, but always the same one. A personal one only if there is no other.
	best := ""
	for e164, n := range a.Numbers {
		b := a.Numbers[best]
		if b == nil || (n.Personal == "") != (b.Personal == "") && n.Personal == "" ||
			(n.Personal == "") == (b.Personal == "") && e164 < best {
			best = e164
		}
	}
	if best != "" {
		return CallerIdentity{Number: best, Reason: "a number of the account: it has no emergency caller ID"}
	}
	return CallerIdentity{Reason: "the account has no number at all"}
}
