package dialplan

import (
	"regexp"
	"strings"
	"time"
)

// AI is the configuration of an extension behind which a voice bot is, outside of the service (EXT-AI-01).
type AI struct {
	// URI is the bot's SIP address, sip or sips.
	URI      string
	Language string // told to the bot; empty: the account's
	// Answer is how long the bot may take to answer.
	Answer time.Duration
	// Studio is the web address where the bot is edited; empty: none is known.
	Studio string
	// Fallback is where calls go that the bot does not take, or drops; none: the caller hears why, and that is the end.
	Fallback LocationTarget
}

// Kind implements ExtensionConfig.
func (*AI) Kind() Kind { return KindAI }

// BotFacts are what a bot is told of a call.
type BotFacts struct {
	Call, Caller, Called, Account, Extension, Language string
}

// Headers are the facts as headers of the INVITE; a caller who is anonymous is not told.
func (f BotFacts) Headers() map[string]string {
	out := map[string]string{}
	for name, value := range map[string]string{"Call": f.Call, "Caller": f.Caller, "Called": f.Called, "Account": f.Account, "Extension": f.Extension, "Language": f.Language} {
		if value != "" && !strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) {
			out["X-Callplane-"+name] = value
		}
	}
	return out
}

// BotReturn is where a bot sends a call: an extension that is there, or a number that can be dialled. ok is false for
// anything else.
func (a *Account) BotReturn(target string) (to Destination, ok bool) {
	to = a.ParseDestination(target)
	if to.Extension != "" {
		return to, a.Extensions[to.Extension] != nil
	}
	_, err := Normalize(to.External, a.Country, a.AreaCode)
	return to, err == nil
}

// Bot tells whether a bot is behind an extension.
func (a *Account) Bot(extension string) *AI {
	if e := a.Extensions[extension]; e != nil {
		if ai, ok := e.Config.(*AI); ok {
			return ai
		}
	}
	return nil
}

var sipURI = regexp.MustCompile(`^sips?:([A-Za-z0-9._~!$&'()*+,=-]{1,64}@)?([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?(;transport=(udp|tcp|tls))?$`)

// SIPAddress tells that s is a SIP URI that can be called.
func SIPAddress(s string) bool { return sipURI.MatchString(s) }
