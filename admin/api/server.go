// Package api is the REST API of the service: everything that can be configured or looked
// up. Its OpenAPI 3.1 document is made from the Go types and served at /api/v1/openapi.json.
//
// Requests carry a token (Authorization: Bearer). A token of an account finds nothing
// outside of that account: other accounts' things are 404 like what does not exist.
// Errors are problem documents (RFC 9457) whose errors name each wrong field and have a code for the reason. Rows have
// a revision that is their ETag; a change with If-Match is refused (412) when somebody
// else was faster. Every change is written to the audit log in the same transaction, and
// answered when calls are decided by it.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"callplane/admin/identity"
	"callplane/dialplan"
	"callplane/media/audio"
	"callplane/store"
)

// Prefix of every path of the API.
const Prefix = "/api/v1"

// Config is what the API works with.
type Config struct {
	DB  *store.DB
	Log *slog.Logger // nil: slog.Default()
	// Applied waits until calls are decided by what was written before; nil: nobody waits.
	Applied func(context.Context) error
	// Live are the calls of an account by now; nil: none are known.
	Live func(dialplan.AccountID) []LiveCall
	// Company is an account as calls are decided by; nil: it is not in service.
	Company func(dialplan.AccountID) *dialplan.Account
	// Registrations of an account's channels by now; nil: none are known.
	Registrations func(dialplan.AccountID) []Registration
	// Events are what a user of an account may know by now and from now on; user empty: everything of the account. An error
	// is that the user does not exist. Nil: there are none.
	Events func(account dialplan.AccountID, user string) (EventStream, error)
	// Return sends a call of an account from its bot to a destination; false: there is no such call, or no bot in it.
	Return func(ctx context.Context, account dialplan.AccountID, call uuid.UUID, destination string) bool
	// Audio keeps recordings; nil: none can be uploaded.
	Audio *audio.Keeper
	// Simulate tells which path a call would take; nil: simulations are not possible. Errors that are *BadSimulation are
	// about the request.
	Simulate func(context.Context, dialplan.AccountID, SimulationInput) (*Simulation, error)
	// Voicemail is the audio of messages; zero: there is none.
	Voicemail VoicemailFiles
	// Recordings are the files of recorded calls; zero: there are none.
	Recordings RecordingFiles
	// QueueBoard is the queue with an id by now; false: it is not in service yet. Nil: there are no queues.
	QueueBoard func(ctx context.Context, account dialplan.AccountID, queue int64) (QueueBoard, bool)
	// MaxBody is the largest request body in bytes; 0: 1 MiB.
	MaxBody int64
	// RateLimit is the number of requests a second of one token; 0: no limit.
	RateLimit int
	// PublicURL is where browsers find the service, without a path: https://pbx.example.com. With https sessions are for TLS only.
	PublicURL string
	// Issuers at which people may log in.
	Issuers []identity.Issuer
}

// LiveCall is a call that is going on.
type LiveCall struct {
	ID        string    `json:"id" doc:"Id of the call; its record will have the same."`
	Direction string    `json:"direction" enum:"inbound,outbound,internal"`
	Caller    string    `json:"caller" doc:"Caller's number."`
	Name      string    `json:"name,omitempty" doc:"Caller's name as displayed."`
	Dialed    string    `json:"dialed"`
	At        string    `json:"at,omitempty" doc:"Extension or number where the call is."`
	Started   time.Time `json:"started"`
	Answered  time.Time `json:"answered,omitzero" doc:"Not there: not answered."`
}

// Registration is a phone that is registered.
type Registration struct {
	Channel   string    `json:"channel"`
	Engine    string    `json:"engine"`
	Contact   string    `json:"contact"`
	Address   string    `json:"address" doc:"Where its signalling comes from, address:port."`
	Transport string    `json:"transport"`
	UserAgent string    `json:"user_agent,omitempty"`
	Expires   time.Time `json:"expires,omitzero"`
}

// server has the handlers.
type server struct {
	cfg       Config
	log       *slog.Logger
	limits    *limiters
	readers   readers
	passwords *identity.Passwords
	attempts  *identity.Attempts
	origins   *http.CrossOriginProtection
	signOns   []*identity.SignOn
	reasons   *reasons
}

// New returns the handler of the API; it serves every path below Prefix.
func New(cfg Config) http.Handler {
	h, _ := build(cfg)
	return h
}

// OpenAPI is the document of the API as YAML, for docs/.
func OpenAPI() ([]byte, error) {
	_, api := build(Config{})
	return api.OpenAPI().YAML()
}

func build(cfg Config) (http.Handler, huma.API) {
	if cfg.MaxBody <= 0 {
		cfg.MaxBody = 1 << 20
	}
	s := &server{cfg: cfg, log: cfg.Log, limits: newLimiters(cfg.RateLimit), passwords: identity.NewPasswords(2),
		attempts: identity.NewAttempts(attemptsEvery, attemptsBurst), origins: http.NewCrossOriginProtection(), reasons: newReasons()}
	for _, i := range cfg.Issuers {
		s.signOns = append(s.signOns, identity.NewSignOn(i, cfg.PublicURL+Prefix+"/session/sign-on/"+i.Name+"/callback"))
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	mux := chi.NewMux()
	mux.Use(s.recover, headers, s.readable, s.applied)
	mux.NotFound(func(w http.ResponseWriter, r *http.Request) {
		s.reasons.writeProblem(w, r, http.StatusNotFound, "there is nothing at this path; see "+Prefix+"/openapi.json")
	})
	mux.MethodNotAllowed(func(w http.ResponseWriter, r *http.Request) {
		s.reasons.writeProblem(w, r, http.StatusMethodNotAllowed, "this method is not there; see "+Prefix+"/openapi.json")
	})

	hc := huma.DefaultConfig("Callplane", "1")
	// Nothing is loaded from elsewhere, and bodies have no links of their own to schemas.
	hc.DocsPath, hc.SchemasPath, hc.CreateHooks = "", "", nil
	hc.OpenAPIPath = Prefix + "/openapi"
	hc.RejectUnknownQueryParameters = true
	hc.Transformers = []huma.Transformer{s.reasons.tidied}
	hc.Info.Description = "Configuration and records of the telephony service. Lists are paged: pass `next` of one page as `cursor` for the one after it. " +
		"A change is answered when calls are decided by it, or after a second."
	hc.Info.License = &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"}
	hc.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer", Description: "An API token."}}
	hc.Security = []map[string][]string{{"token": {}}}
	api := humachi.New(mux, hc)
	s.accounts(api)
	s.extensions(api)
	s.systemExtensions(api)
	s.locations(api)
	s.queues(api)
	s.audio(api)
	s.queueStatistics(api)
	s.channels(api)
	s.numbers(api)
	s.schemes(api)
	s.outbound(api)
	s.devices(api)
	s.schedules(api)
	s.simulations(api)
	s.privacyGroups(api)
	s.trunks(api)
	s.calls(api)
	s.events(api)
	s.live(api)
	s.queueList(api)
	s.users(api)
	s.desks(api)
	s.mailboxes(api)
	s.voicemail(api)
	s.recordings(api)
	s.recordingExports(api)
	s.sftpUsers(api)
	s.assistant(api)
	s.tokens(api)
	s.sessions(api)
	s.logins(api)
	s.partners(api)
	s.orders(api)
	s.orderBooks(api)
	s.priceList(api)
	s.sims(api)
	s.signOn(api)
	s.audit(api)
	s.search(api)
	s.reasons.document(api.OpenAPI())
	return mux, api
}

// recover ends a request whose handler panicked, not the service.
func (s *server) recover(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p == http.ErrAbortHandler {
				panic(p)
			}
			s.log.Error("panic in the API", "method", r.Method, "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
			s.reasons.writeProblem(w, r, http.StatusInternalServerError, "something went wrong here; it is in the log")
		}()
		next.ServeHTTP(w, r)
	})
}

// headers keep what is answered out of caches and browsers from guessing its type.
func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		if !strings.HasPrefix(r.URL.Path, Prefix+"/openapi") {
			h.Set("Cache-Control", "no-store")
		}
		next.ServeHTTP(w, r)
	})
}

// readable refuses addresses with bytes that no name here has.
func (s *server) readable(next http.Handler) http.Handler {
	bad := func(s string) bool {
		return !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if bad(r.URL.Path) {
			s.reasons.writeProblem(w, r, http.StatusNotFound, "there is nothing at this path; see "+Prefix+"/openapi.json")
			return
		}
		query, err := url.QueryUnescape(r.URL.RawQuery)
		if err != nil || bad(query) {
			s.reasons.writeProblem(w, r, http.StatusBadRequest, "the query is not readable text")
			return
		}
		next.ServeHTTP(w, r)
	})
}
