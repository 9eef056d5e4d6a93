package dialplan

import (
	"fmt"
	"strings"
)

// SystemFunction is what a system extension does. Its number differs by country.
type SystemFunction string

// System functions.
const (
	SysLoginStatus       SystemFunction = "login-status"
	SysLogin             SystemFunction = "login"
	SysLogout            SystemFunction = "logout"
	SysQueueLogin        SystemFunction = "queue-login"
	SysQueueLogout       SystemFunction = "queue-logout"
	SysRecordAudio       SystemFunction = "record-audio"
	SysListenIn          SystemFunction = "listen-in"
	SysChangePIN         SystemFunction = "change-pin"
	SysRecordCall        SystemFunction = "record-call"
	SysSwitchDevice      SystemFunction = "switch-device"
	SysForwarding        SystemFunction = "forwarding"
	SysNumberingPlan     SystemFunction = "numbering-plan"
	SysVoicemailManage   SystemFunction = "voicemail-management"
	SysRetrieveParked    SystemFunction = "retrieve-parked"
	SysAssistant         SystemFunction = "assistant"
	SysPersonalVoicemail SystemFunction = "personal-voicemail"
)

// SystemExtension finds the function behind a system extension of country c, and the
// argument dialled with it: the line of a parked call (1–99), or the extension whose call is to be
// listened to or recorded. ok is false when digits are no system extension.
func (a *Account) SystemExtension(digits string) (f SystemFunction, argument string, ok bool) {
	if f = systemFunction(a.Country, digits); f != "" {
		return f, "", true
	}
	for k := min(4, len(digits)-1); k >= 3; k-- {
		code, rest := digits[:k], digits[k:]
		switch f := systemFunction(a.Country, code); f {
		case SysQueueLogin, SysRetrieveParked:
			if len(rest) <= 2 && allDigits(rest) && strings.Trim(rest, "0") != "" {
				return SysRetrieveParked, strings.TrimPrefix(rest, "0"), true
			}
		case SysListenIn, SysRecordCall:
			// Only with an extension that exists: a local number may begin with the same digits.
			if a.Extensions[rest] != nil {
				return f, rest, true
			}
		}
	}
	return "", "", false
}

// systemFunction is the table of system extensions by country (SYS-900 to SYS-1233).
func systemFunction(c Country, digits string) SystemFunction {
	var group, last string
	var ok bool
	switch c {
	case NL, LV:
		switch {
		case c == NL && digits == "1233", c == LV && digits == "999":
			return SysPersonalVoicemail
		case digits == "920":
			return SysVoicemailManage
		}
		group, last = "9", strings.TrimPrefix(digits, "9")
		ok = len(digits) == 3
	case DE:
		switch digits {
		case "8888":
			return SysPersonalVoicemail
		case "8880":
			return SysVoicemailManage
		}
		group, last = "88", strings.TrimPrefix(digits, "88")
		ok = len(digits) == 4
	case ES:
		switch digits {
		case "1988":
			return SysPersonalVoicemail
		case "1980":
			return SysVoicemailManage
		}
		group, last = "19", strings.TrimPrefix(digits, "19")
		ok = len(digits) == 4
	}
	if !ok || !strings.HasPrefix(digits, group) {
		return ""
	}
	switch last {
	case "00":
		return SysLoginStatus
	case "01":
		return SysLogin
	case "02":
		return SysLogout
	case "03":
		return SysQueueLogin
	case "04":
		return SysQueueLogout
	case "05":
		return SysRecordAudio
	case "06":
		return SysListenIn
	case "07":
		return SysChangePIN
	case "08":
		return SysRecordCall
	case "09":
		return SysSwitchDevice
	case "10":
		return SysForwarding
	case "15":
		return SysNumberingPlan
	case "30":
		return SysRetrieveParked
	case "40":
		return SysAssistant
	}
	return ""
}

// DialClass is what somebody of the account asks for by dialling.
type DialClass string

// Classes of dialled strings.
const (
	DialExtension DialClass = "extension" // Classified.Extension
	DialEmergency DialClass = "emergency" // Classified.Number
	DialExternal  DialClass = "external"  // Classified.Number
	DialSystem    DialClass = "system"    // Classified.System and Argument
	DialCode      DialClass = "code"      // begins with * or #: Classified.Argument, as dialled
	DialInvalid   DialClass = "invalid"   // Classified.Reason
)

// Classified is a dialled string understood.
type Classified struct {
	Class     DialClass
	Extension string
	Number    Dialed
	System    SystemFunction
	Argument  string
	// Reason in words, for the trace of the call.
	Reason string
	// Refused is set for DialInvalid when the string is no number.
	Refused NumberReason
}

// Classify says what dialled means to account a, for somebody in areaCode (empty: the account's).
// Emergency numbers come before everything else, so an extension with such a number cannot be reached.
// Digits of the account's extension length are never taken for a local number: a
// mistyped extension must not ring at somebody's home.
func Classify(a *Account, areaCode, dialed string) Classified {
	if areaCode == "" {
		areaCode = a.AreaCode
	}
	digits := strings.TrimSpace(dialed)
	if len(digits) <= maxRaw && digits != "" && (digits[0] == '*' || digits[0] == '#') {
		if strings.Trim(digits, "*#0123456789") != "" {
			return Classified{Class: DialInvalid, Refused: NumberCharacter, Reason: fmt.Sprintf("code %q has a character that is no key", digits)}
		}
		return Classified{Class: DialCode, Argument: digits, Reason: "service code"}
	}
	emergency := false
	if r, err := a.Country.Rules(); err == nil {
		for _, e := range r.Emergency {
			emergency = emergency || digits == e
		}
	}
	if !emergency {
		if a.Extensions[digits] != nil {
			return Classified{Class: DialExtension, Extension: digits, Reason: "extension of the account"}
		}
		if f, arg, ok := a.SystemExtension(digits); ok {
			return Classified{Class: DialSystem, System: f, Argument: arg, Reason: "system extension"}
		}
	}
	n, err := Normalize(dialed, a.Country, areaCode)
	switch {
	case err == nil && n.Kind == NumberEmergency:
		return Classified{Class: DialEmergency, Number: n, Reason: "emergency number " + n.National}
	case len(digits) == a.ExtensionLength && allDigits(digits) && (err != nil || n.Kind != NumberShort):
		return Classified{Class: DialInvalid, Refused: NumberUnassigned, Reason: "no extension " + digits}
	case err != nil:
		return Classified{Class: DialInvalid, Refused: ReasonOf(err), Reason: err.Error()}
	}
	return Classified{Class: DialExternal, Number: n, Reason: string(n.Kind) + " number " + n.Number()}
}
