package freeswitch

import (
	"strconv"
	"strings"

	"callplane/controller/engine"
)

// hangupCause is the engine's cause that makes mod_sofia send cause's SIP status before answer
// (hangup_cause_to_sip in mod_sofia.c). The few for which it has none go with respondStatus.
func hangupCause(c engine.Cause) string {
	switch c {
	case engine.CauseCancelled:
		return "ORIGINATOR_CANCEL"
	case engine.CauseAnsweredElsewhere:
		return "LOSE_RACE" // Reason: SIP;cause=200;text="Call completed elsewhere"
	case engine.CauseBusy:
		return "USER_BUSY"
	case engine.CauseNoAnswer:
		return "NO_ANSWER"
	case engine.CauseRejected:
		return "CALL_REJECTED"
	case engine.CauseUnreachable:
		return "SUBSCRIBER_ABSENT"
	case engine.CauseNotFound:
		return "UNALLOCATED_NUMBER"
	case engine.CauseInvalidNumber:
		return "INVALID_NUMBER_FORMAT"
	case engine.CauseForbidden, engine.CauseUnauthorized:
		return "OUTGOING_CALL_BARRED"
	case engine.CauseIncompatible:
		return "INCOMPATIBLE_DESTINATION"
	case engine.CauseCongestion:
		return "NORMAL_CIRCUIT_CONGESTION"
	case engine.CauseTimeout:
		return "NO_USER_RESPONSE"
	case engine.CauseServerError, engine.CauseInternal:
		return "NORMAL_TEMPORARY_FAILURE"
	case engine.CauseEngineLost:
		return "DESTINATION_OUT_OF_ORDER"
	case engine.CauseLoop:
		return "EXCHANGE_ROUTING_ERROR"
	case engine.CauseMoved:
		return "REDIRECTION_TO_NEW_DESTINATION"
	}
	return "NORMAL_CLEARING"
}

// causeOf translates the engine's cause where there is no SIP status to go by.
func causeOf(name string) engine.Cause {
	switch name {
	case "NORMAL_CLEARING", "MANAGER_REQUEST", "SYSTEM_SHUTDOWN", "ALLOTTED_TIMEOUT", "MEDIA_TIMEOUT", "NORMAL_UNSPECIFIED", "SUCCESS":
		return engine.CauseNormal
	case "ORIGINATOR_CANCEL":
		return engine.CauseCancelled
	case "LOSE_RACE", "PICKED_OFF":
		return engine.CauseAnsweredElsewhere
	case "USER_BUSY", "BUSY_EVERYWHERE":
		return engine.CauseBusy
	case "NO_ANSWER":
		return engine.CauseNoAnswer
	case "CALL_REJECTED", "DECLINE", "REJECT_ALL":
		return engine.CauseRejected
	case "USER_NOT_REGISTERED", "SUBSCRIBER_ABSENT", "NO_ROUTE_DESTINATION", "DESTINATION_OUT_OF_ORDER", "NETWORK_OUT_OF_ORDER":
		return engine.CauseUnreachable
	case "UNALLOCATED_NUMBER", "NO_ROUTE_TRANSIT_NET", "DOES_NOT_EXIST_ANYWHERE":
		return engine.CauseNotFound
	case "INVALID_NUMBER_FORMAT", "INVALID_URL":
		return engine.CauseInvalidNumber
	case "OUTGOING_CALL_BARRED", "INCOMING_CALL_BARRED", "BEARERCAPABILITY_NOTAUTH":
		return engine.CauseForbidden
	case "INCOMPATIBLE_DESTINATION", "BEARERCAPABILITY_NOTIMPL", "NOT_ACCEPTABLE":
		return engine.CauseIncompatible
	case "NORMAL_CIRCUIT_CONGESTION", "SWITCH_CONGESTION", "REQUESTED_CHAN_UNAVAIL", "GATEWAY_DOWN", "INVALID_GATEWAY":
		return engine.CauseCongestion
	case "NO_USER_RESPONSE", "RECOVERY_ON_TIMER_EXPIRE", "PROGRESS_TIMEOUT":
		return engine.CauseTimeout
	case "NORMAL_TEMPORARY_FAILURE":
		return engine.CauseServerError
	case "REDIRECTION_TO_NEW_DESTINATION":
		return engine.CauseMoved
	case "ATTENDED_TRANSFER", "BLIND_TRANSFER":
		return engine.CauseTransferred
	case "EXCHANGE_ROUTING_ERROR":
		return engine.CauseLoop
	case "CRASH":
		return engine.CauseEngineLost
	}
	return engine.CauseUnknown
}

// hangupOf works out the end of a channel from its CHANNEL_HANGUP event.
func hangupOf(l *leg, ev *event, answered bool) engine.Hangup {
	cause := causeOf(ev.get("Hangup-Cause"))
	disposition := ev.variable("sip_hangup_disposition")
	// The disposition comes late; what neither we nor the engine began the peer did.
	h := engine.Hangup{Cause: cause, ByPeer: strings.HasPrefix(disposition, "recv_") || (disposition == "" && !engineEnded(ev.get("Hangup-Cause")))}
	switch {
	case answered:
		if cause == engine.CauseUnknown {
			h.Cause = engine.CauseNormal
		}
	case l.info.Direction == engine.Outbound:
		// A status is only the far side's word if it refused; ours of a cancel is 487.
		status := finalStatus(ev)
		if status != 0 && l.asked == nil {
			h.SIPStatus = status
			h.ByPeer = true
			h.Cause = engine.CauseOfSIP(status)
			if h.Cause == engine.CauseMoved {
				h.Redirect = redirects(ev)
			}
		}
	default:
		if strings.HasPrefix(disposition, "recv_cancel") {
			h.Cause, h.ByPeer = engine.CauseCancelled, true
		}
	}
	if l.asked != nil {
		h.Cause, h.ByPeer, h.SIPStatus = *l.asked, false, 0
	}
	if l.transferred {
		h.Cause = engine.CauseTransferred
	}
	return h
}

// engineEnded tells causes with which the engine itself ends a channel.
func engineEnded(cause string) bool {
	switch cause {
	case "ALLOTTED_TIMEOUT", "DESTINATION_OUT_OF_ORDER", "MANAGER_REQUEST", "SYSTEM_SHUTDOWN", "ATTENDED_TRANSFER", "BLIND_TRANSFER",
		"LOSE_RACE", "MEDIA_TIMEOUT", "CRASH":
		return true
	}
	return false
}

// finalStatus is the final response that ended an outbound channel, 0 if there was none.
func finalStatus(ev *event) int {
	for _, v := range []string{ev.variable("sip_term_status"), ev.variable("sip_invite_failure_status"),
		strings.TrimPrefix(ev.variable("proto_specific_hangup_cause"), "sip:")} {
		n, err := strconv.Atoi(v)
		switch {
		case err != nil:
		case n >= 300 && n < 700:
			return n
		case n >= 900 && n < 910:
			return 407 // sofia-sip's own: the challenge can't be answered with what we have
		}
	}
	return 0
}

func redirects(ev *event) []string {
	var all []string
	for i := range 20 {
		v := ev.variable("sip_redirect_contact_" + strconv.Itoa(i))
		if v == "" {
			break
		}
		all = append(all, contactURI(v))
	}
	return all
}

// contactURI takes the URI out of a name-addr (RFC 3261 section 20.10).
func contactURI(v string) string {
	if i := strings.LastIndexByte(v, '<'); i >= 0 {
		v = v[i+1:]
		if j := strings.IndexByte(v, '>'); j >= 0 {
			v = v[:j]
		}
		return v
	}
	if i := strings.IndexByte(v, ';'); i >= 0 {
		v = v[:i] // without angle brackets parameters are the header's
	}
	return strings.TrimSpace(v)
}
