package engine

// Cause is why a leg ended, independent of any engine's own words.
type Cause uint8

// Causes. The comment gives the SIP status that Hangup sends before answer, and the
// Q.850 cause (RFC 3326).
const (
	CauseUnknown           Cause = iota
	CauseNormal                  // normal clearing: 480 before answer, Q.850 16
	CauseCancelled               // caller gave up, or we withdrew the offer: 487, 16
	CauseAnsweredElsewhere       // another device took the call: 487 with Reason SIP;cause=200, 26
	CauseBusy                    // 486, 17
	CauseNoAnswer                // 480, 19
	CauseRejected                // the callee declined: 603, 21
	CauseUnreachable             // no registered contact, or it does not respond: 480, 20
	CauseNotFound                // no such number: 404, 1
	CauseInvalidNumber           // number incomplete or malformed: 484, 28
	CauseForbidden               // barred or not allowed: 403, 21
	CauseUnauthorized            // the far side did not accept our credentials: 403, 21
	CauseIncompatible            // no common codec or encryption: 488, 88
	CauseCongestion              // no circuit, overload: 503, 34
	CauseTimeout                 // the far side never responded: 408, 102
	CauseServerError             // 5xx of the far side: 500, 41
	CauseMoved                   // 302, 23
	CauseTransferred             // ended by its own transfer: 16
	CauseLoop                    // too many hops: 482, 25
	CauseInternal                // our own fault: 500, 41
	CauseEngineLost              // the engine died or forgot the leg: 503, 27
	causeCount
)

type causeFacts struct {
	name string
	sip  int
	q850 int
}

func facts(c Cause) causeFacts {
	all := [causeCount]causeFacts{
		CauseUnknown:           {"unknown", 480, 31},
		CauseNormal:            {"normal", 480, 16},
		CauseCancelled:         {"cancelled", 487, 16},
		CauseAnsweredElsewhere: {"answered-elsewhere", 487, 26},
		CauseBusy:              {"busy", 486, 17},
		CauseNoAnswer:          {"no-answer", 480, 19},
		CauseRejected:          {"rejected", 603, 21},
		CauseUnreachable:       {"unreachable", 480, 20},
		CauseNotFound:          {"not-found", 404, 1},
		CauseInvalidNumber:     {"invalid-number", 484, 28},
		CauseForbidden:         {"forbidden", 403, 21},
		CauseUnauthorized:      {"unauthorized", 403, 21},
		CauseIncompatible:      {"incompatible", 488, 88},
		CauseCongestion:        {"congestion", 503, 34},
		CauseTimeout:           {"timeout", 408, 102},
		CauseServerError:       {"server-error", 500, 41},
		CauseMoved:             {"moved", 302, 23},
		CauseTransferred:       {"transferred", 480, 16},
		CauseLoop:              {"loop", 482, 25},
		CauseInternal:          {"internal", 500, 41},
		CauseEngineLost:        {"engine-lost", 503, 27},
	}
	if c >= causeCount {
		c = CauseUnknown
	}
	return all[c]
}

// String is the name used in records and the API.
func (c Cause) String() string { return facts(c).name }

// SIPStatus is the final response that refuses an unanswered leg with this cause.
func (c Cause) SIPStatus() int { return facts(c).sip }

// Q850 is the ITU-T Q.850 cause value.
func (c Cause) Q850() int { return facts(c).q850 }

// CauseOfSIP is what a final response of the far side means for a leg that we
// originated (RFC 3261 section 21, RFC 3398 section 7.2.4.1).
func CauseOfSIP(status int) Cause {
	switch status {
	case 486, 600:
		return CauseBusy
	case 480:
		return CauseUnreachable
	case 408, 504:
		return CauseTimeout
	case 404, 410, 604:
		return CauseNotFound
	case 484, 485:
		return CauseInvalidNumber
	case 401, 407:
		return CauseUnauthorized
	case 403:
		return CauseForbidden
	case 415, 488, 606:
		return CauseIncompatible
	case 482, 483:
		return CauseLoop
	case 487:
		return CauseCancelled
	case 603:
		return CauseRejected
	case 503:
		return CauseCongestion
	}
	switch {
	case status >= 300 && status < 400:
		return CauseMoved
	case status >= 500 && status < 600:
		return CauseServerError
	}
	return CauseUnknown
}
