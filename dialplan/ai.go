package dialplan

import (
	"net/url"
	"regexp"
	"strings"
	"time"
)

// AI is the configuration of an extension behind which a voice bot is, outside of the service (EXT-AI-01).
type AI struct {
	// URI is the bot's SIP address, sip or sips, or that of its media stream, ws or wss.
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

// Stream tells that the bot takes a media stream instead of a SIP call.
func (a *AI) Stream() bool { return MediaStream(a.URI) }

// Address is where the bot is, for people: without what may be a secret.
func (a *AI) Address() string {
	address, _, _ := strings.Cut(a.URI, "?")
	return address
}

// BotFacts are what a bot is told of a call.
type BotFacts struct {
	Call      string `json:"call"`
	Caller    string `json:"caller,omitempty"` // empty: anonymous
	Called    string `json:"called"`
	Account   string `json:"account"`
	Extension string `json:"extension"`
	Language  string `json:"language"`
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

// StreamBot tells whether a bot that takes a media stream is behind an extension.
func (a *Account) StreamBot(extension string) bool {
	ai := a.Bot(extension)
	return ai != nil && ai.Stream()
}

var sipURI = regexp.MustCompile(`^sips?:([A-Za-z0-9._~!$&'()*+,=-]{1,64}@)?([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?(;transport=(udp|tcp|tls))?$`)

// SIPAddress tells that s is a SIP URI that can be called.
func SIPAddress(s string) bool { return sipURI.MatchString(s) }

// MediaStream tells that s is the URL of a websocket that can be opened.
func MediaStream(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "ws" || u.Scheme == "wss") && u.Hostname() != "" && u.User == nil && u.Fragment == ""
}
