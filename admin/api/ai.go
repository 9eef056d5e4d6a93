package api

import (
	"context"
	"net/http"
	"net/url"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"callplane/dialplan"
	"callplane/store"
)

// AIConfig is what an extension has behind which a voice bot is (EXT-AI-01). A bot with a SIP address is told of the call in headers
// of its INVITE: X-Callplane-Call, -Caller, -Called, -Account, -Extension and -Language, and returns it by REFER. One
// with a media stream is told, and returns it, by messages in the stream (docs/voice-bots.md). Both can use return-call.
type AIConfig struct {
	URI            string  `json:"uri" maxLength:"400" pattern:"^(sips?|wss?):[!-~]{1,390}$" patternDescription:"a SIP URI such as sip:bot@bots.example, or a websocket such as wss://bots.example/calls" doc:"Where the bot is: its SIP address, or the websocket that takes the call's media stream. What follows a ? in the latter is not shown in call records."`
	Language       string  `json:"language,omitempty" enum:",en,nl,de,es,lv" doc:"Told to the bot; empty: the account's."`
	Answer         float64 `json:"answer" required:"false" minimum:"1" maximum:"120" default:"15" doc:"Seconds in which the bot must answer."`
	Studio         string  `json:"studio,omitempty" format:"uri" maxLength:"500" doc:"Web address where the bot is edited."`
	Fallback       string  `json:"fallback,omitempty" doc:"Destination of calls that the bot does not take or loses; empty: they end."`
	FallbackPrefix string  `json:"fallback_prefix,omitempty" maxLength:"40"`
}

func (a *AIConfig) problems() []*huma.ErrorDetail {
	errs := text("ai.fallback_prefix", a.FallbackPrefix)
	if !dialplan.SIPAddress(a.URI) && !dialplan.MediaStream(a.URI) {
		errs = append(errs, field("ai.uri", "must be a SIP URI such as sip:bot@bots.example;transport=tcp, or a websocket such as wss://bots.example/calls"))
	}
	if u, err := url.Parse(a.Studio); a.Studio != "" && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "") {
		errs = append(errs, field("ai.studio", "must be a web address such as https://bots.example/edit"))
	}
	return errs
}

func (a *AIConfig) config(rules accountRules) *dialplan.AI {
	return &dialplan.AI{URI: a.URI, Language: a.Language, Answer: duration(a.Answer), Studio: a.Studio,
		Fallback: dialplan.LocationTarget{Destination: destination(rules, a.Fallback), Prefix: a.FallbackPrefix}}
}

func aiConfigOf(a *dialplan.AI) *AIConfig {
	return &AIConfig{URI: a.URI, Language: a.Language, Answer: a.Answer.Seconds(), Studio: a.Studio, Fallback: shown(a.Fallback.Destination),
		FallbackPrefix: a.Fallback.Prefix}
}

// CallReturn is where a bot sends its call.
type CallReturn struct {
	Destination string `json:"destination" minLength:"1" maxLength:"40" pattern:"^[+0-9*#]+$" patternDescription:"an extension or a number" doc:"Extension or external number."`
}

// ReturnPath is in the path of a call that is going on.
type ReturnPath struct {
	AccountPath
	Call uuid.UUID `path:"call" format:"uuid"`
}

func (s *server) returnCall(ctx context.Context, in *struct {
	ReturnPath
	Body CallReturn
}) (*Empty, error) {
	err := s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, a *store.Account) error {
		to := destination(accountRules{extensionLength: a.ExtensionLength}, in.Body.Destination)
		if to.Extension != "" {
			kinds, err := tx.ExtensionKinds(ctx, []string{to.Extension})
			if err != nil {
				return err
			}
			if errs := (accountRules{extensions: kinds}).unknown("destination", to); len(errs) > 0 {
				return invalid(errs...)
			}
		} else if _, err := dialplan.Normalize(to.External, a.Country, a.AreaCode); err != nil {
			return invalid(field("destination", "can't be dialled"))
		}
		if s.cfg.Return == nil || !s.cfg.Return(ctx, in.id(), in.Call, in.Body.Destination) {
			return problem(http.StatusNotFound, "there is no such call with a bot")
		}
		return s.record(ctx, tx, in.id(), actionCreate, "return", in.Call.String(), nil, in.Body)
	})
	return &Empty{}, err
}
