package asterisk

import "callplane/controller/engine"

// refusal is how an inbound leg is refused. Asterisk makes the SIP status from its hang-up
// cause by a fixed table and puts the cause modulo 128 into Reason; a cause outside of the table gives 603.
// Statuses that the table lacks are sent by AMI's PJSIPHangup.
type refusal struct {
	code int // hang-up cause for ARI
	sip  int // if not 0: by PJSIPHangup
}

func refuseWith(c engine.Cause) refusal {
	switch c {
	case engine.CauseBusy:
		return refusal{code: 17} // 486
	case engine.CauseNoAnswer:
		return refusal{code: 19} // 480
	case engine.CauseRejected:
		return refusal{code: 128 + 21} // 603, Q.850 21
	case engine.CauseUnreachable:
		return refusal{code: 20} // 480
	case engine.CauseNotFound:
		return refusal{code: 1} // 404
	case engine.CauseInvalidNumber:
		return refusal{code: 28} // 484
	case engine.CauseForbidden, engine.CauseUnauthorized:
		return refusal{code: 21} // 403
	case engine.CauseIncompatible:
		return refusal{code: 58} // 488
	case engine.CauseCongestion, engine.CauseEngineLost:
		return refusal{code: 34} // 503
	case engine.CauseTimeout:
		return refusal{code: 18} // 408
	case engine.CauseServerError, engine.CauseInternal:
		return refusal{code: 38} // 500
	case engine.CauseMoved:
		return refusal{code: 23} // 302
	case engine.CauseCancelled, engine.CauseAnsweredElsewhere:
		return refusal{code: c.Q850(), sip: 487}
	case engine.CauseLoop:
		return refusal{code: 25, sip: 482}
	}
	return refusal{code: 31} // 480
}

// causeOfEnd is why a leg ended that we did not end.
func causeOfEnd(dir engine.Direction, answered bool, q850, sip int) engine.Cause {
	if answered {
		switch q850 {
		case 0, 16, 31:
			return engine.CauseNormal
		case 26:
			return engine.CauseAnsweredElsewhere
		case 27, 38, 41, 44:
			return engine.CauseServerError
		case 102:
			return engine.CauseTimeout
		}
		return engine.CauseNormal
	}
	if dir == engine.Inbound {
		// Asterisk ends an unanswered call by itself when there is no common codec.
		if sip == 488 || q850 == 58 || q850 == 88 {
			return engine.CauseIncompatible
		}
		if q850 == 26 {
			return engine.CauseAnsweredElsewhere
		}
		return engine.CauseCancelled
	}
	if sip >= 300 {
		return engine.CauseOfSIP(sip)
	}
	switch q850 {
	case 1, 3:
		return engine.CauseNotFound
	case 17:
		return engine.CauseBusy
	case 18, 102:
		return engine.CauseTimeout
	case 19, 20:
		return engine.CauseUnreachable
	case 21:
		return engine.CauseRejected
	case 28:
		return engine.CauseInvalidNumber
	case 34, 42:
		return engine.CauseCongestion
	case 58, 88:
		return engine.CauseIncompatible
	case 38, 41:
		return engine.CauseServerError
	}
	return engine.CauseUnknown
}
