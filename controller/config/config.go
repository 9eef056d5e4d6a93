// Package config is the configuration of the controller: one table of keys (Keys) from
// which the defaults, the flags, --help, the documentation and the environment file come.
//
// A value comes from, in this order: a flag (--log.level), the environment
// (CALLPLANE_LOG_LEVEL), the YAML file (log: {level: …}), the default. A secret may
// be in a file of its own, named by the key with _file (CALLPLANE_HTTP_TOKEN_FILE).
package config

import (
	"errors"
	"log/slog"
	"net/netip"
	"time"
)

// Config is the whole configuration, checked. It is not changed after Load.
type Config struct {
	Log       Log
	HTTP      HTTP
	API       API
	OIDC      OIDC
	Metrics   Metrics
	Database  Database
	Store     Store
	Media     Media
	Recording Recording
	SFTP      SFTP
	SIP       SIP
	Engines   []Engine
	Limits    Limits
	Security  Security

	Assistant Assistant
	Voicemail Voicemail
	Mail      Mail
	SMS       SMS
	Streams   Streams
}

// Log is how the controller logs, to standard error.
type Log struct {
	Level  slog.Level
	Format string // text or json
}

// HTTP is the server for the media engines: SIP accounts, dialplan questions.
type HTTP struct {
	Listen      netip.AddrPort
	AllowRemote bool
	Token       string
}

// API is the server for people and programs: the admin API and the portal.
type API struct {
	Listen          string // host:port
	TLSCert, TLSKey string // files; both or none
	MaxBody         int64  // bytes of a request
	RateLimit       int    // requests a second of one token; 0: no limit
	PublicURL       string // where browsers find it, without a path
}

// OIDC is single sign-on at one issuer.
type OIDC struct {
	Issuer, Title, ClientID, ClientSecret string
}

// Metrics is the server of /metrics, /healthz and /readyz.
type Metrics struct {
	Listen string // host:port; empty: none
}

// Database is PostgreSQL.
type Database struct {
	DSN              string
	MaxConns         int
	MinConns         int
	ConnectTimeout   time.Duration
	StatementTimeout time.Duration
}

// Store is what is kept on this machine so that calls go on without the database.
type Store struct {
	SpoolDir  string // records not yet in the database
	CacheFile string // last known configuration of all accounts
}

// Media is the library of prompts, music and recordings.
type Media struct {
	Dir      string
	Language string // when a prompt does not exist in the language asked for
}

// Recording is where recorded calls are and what becomes of them.
type Recording struct {
	Dir string
}

// SFTP is the server by which recordings are fetched.
type SFTP struct {
	Listen  string // host:port; empty: none
	HostKey string // file
}

// Assistant is who makes text of what the personal assistant hears.
type Assistant struct {
	Transcriber string // none, http or pocketsphinx
	Speech      TextServer
	Chat        TextServer // without a URL: the beginning of what was said is the summary
	Models      string     // folder of pocketsphinx
	Workers     int
}

// TextServer is a server of OpenAI's HTTP interface.
type TextServer struct {
	URL, Model, Key string
	Timeout         time.Duration // of one request
}

// SIP is what phones are told.
type SIP struct {
	Domain string
}

// EngineType is a kind of media server.
type EngineType string

// Types of engine.
const (
	FreeSWITCH EngineType = "freeswitch"
	Asterisk   EngineType = "asterisk"
)

// Engine is one media server.
type Engine struct {
	Name        string // unique
	Type        EngineType
	Address     string // FreeSWITCH: host:port of the event socket; Asterisk: URL of ARI
	User        string // FreeSWITCH: empty (auth) or user@domain (userauth); Asterisk: ARI user
	Password    string //
	Application string // Asterisk: name of the Stasis application
	// Manager is Asterisk's AMI: host:port, user and password.
	ManagerAddress, ManagerUser, ManagerPassword string
	RecordingDir                                 string         // Asterisk: its astspooldir/recording
	TrunkTransports                              bool           // Asterisk: it has transports of their own for carriers
	SIPAddress                                   netip.AddrPort // where it takes SIP; shown to people, not used for calls
}

// Voicemail bounds messages.
type Voicemail struct {
	Max     time.Duration
	Silence time.Duration // that ends a message
}

// Mail is the server by which e-mail is sent.
type Mail struct {
	Server             string // host:port; empty: none
	From               string
	Security           string // none, starttls or tls
	Username, Password string
}

// SMS is the gateway by which text messages are sent.
type SMS struct {
	URL             string // empty: none
	Token           string
	Price, Currency string // of a message, where the gateway tells none
}

// Streams are the media streams to voice bots.
type Streams struct {
	Listen   netip.AddrPort // where engines call; port 0: any
	Networks []netip.Prefix // not public, where bots may be
}

// Limits guard against loops and stuck calls.
type Limits struct {
	Hops      int           // extensions one call may pass through
	CallSetup time.Duration // from the INVITE to an answer, in all
	DialChars int           // length of a dialled string
}

// Security is about guessed passwords.
type Security struct {
	AuthFailures int           // of one address within AuthWindow before it is blocked
	AuthWindow   time.Duration //
	Block        time.Duration // first block; doubles with each further one
	BlockMax     time.Duration
	Allow        []netip.Prefix // never blocked
	MaxTracked   int            // addresses remembered at once
}

// KeyError says that a key has a wrong value.
type KeyError struct {
	Key     string // its name in the table, or "config" for the file as a whole
	Source  string // where the value came from, for example "environment CALLPLANE_LOG_LEVEL"
	Problem string // what is wrong and what is expected; never holds a secret
}

// Error names the key first.
func (e *KeyError) Error() string {
	if e.Source == "" {
		return e.Key + ": " + e.Problem
	}
	return e.Key + " (" + e.Source + "): " + e.Problem
}

// check looks at what one key alone can't tell.
func (c *Config) check() error {
	var errs []error
	bad := func(key, problem string) { errs = append(errs, &KeyError{Key: key, Problem: problem}) }
	if c.HTTP.Listen.IsValid() && !c.HTTP.Listen.Addr().IsLoopback() && !c.HTTP.AllowRemote {
		bad("http.listen", "must be a loopback address: SIP passwords are answered here; http.allow_remote=true lifts this")
	}
	if c.Streams.Listen.Addr().IsUnspecified() {
		bad("streams.listen", "must be the address at which engines reach this machine, not every address")
	}
	if (c.API.TLSCert == "") != (c.API.TLSKey == "") {
		bad("api.tls_cert", "api.tls_cert and api.tls_key belong together: give both or neither")
	}
	if c.OIDC.Issuer != "" && (c.OIDC.ClientID == "" || c.API.PublicURL == "") {
		bad("oidc.issuer", "needs oidc.client_id and api.public_url")
	}
	if c.Database.MinConns > c.Database.MaxConns {
		bad("database.min_conns", "must not be more than database.max_conns")
	}
	if c.Assistant.Transcriber == "http" && c.Assistant.Speech.URL == "" {
		bad("assistant.speech_url", "is needed with assistant.transcriber=http")
	}
	if c.Assistant.Chat.URL != "" && c.Assistant.Chat.Model == "" {
		bad("assistant.chat_model", "is needed with assistant.chat_url")
	}
	if c.Security.BlockMax < c.Security.Block {
		bad("security.block_max", "must not be shorter than security.block")
	}
	return errors.Join(errs...)
}
