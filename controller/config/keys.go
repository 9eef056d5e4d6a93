package config

import (
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"time"

	"callplane/dialplan"
)

// Key is one setting.
type Key struct {
	Name     string // in the file, with dots: log.level
	Type     string // for people: duration, "one of text, json", …
	Default  string // as it would be written; empty: none
	Doc      string // one or two sentences
	Secret   bool   // never shown; may come from a file by Name + "_file"
	Required bool   // start is refused without

	set func(c *Config, raw any) error
}

// Env is the name of the key's environment variable.
func (k Key) Env() string {
	return EnvPrefix + strings.ToUpper(strings.ReplaceAll(k.Name, ".", "_"))
}

// EnvPrefix begins the name of every environment variable that is read.
const EnvPrefix = "CALLPLANE_"

// Keys are all settings, in the order in which they are documented.
func Keys() []Key {
	return slices.Concat(serverKeys(), callKeys())
}

func serverKeys() []Key {
	return []Key{
		{Name: "log.level", Type: "one of debug, info, warn, error", Default: "info",
			Doc: "Least severe messages that are logged.",
			set: bind(func(c *Config) *slog.Level { return &c.Log.Level }, parseLevel)},
		{Name: "log.format", Type: "one of text, json", Default: "text",
			Doc: "Form of the log on standard error.",
			set: bind(func(c *Config) *string { return &c.Log.Format }, oneOf("text", "json"))},

		{Name: "http.listen", Type: "address:port", Default: "127.0.0.1:8091",
			Doc: "Where the media engines ask for SIP accounts and for the first decision about a call. A loopback address.",
			set: bind(func(c *Config) *netip.AddrPort { return &c.HTTP.Listen }, parseAddrPort)},
		{Name: "http.allow_remote", Type: "true or false", Default: "false",
			Doc: "Allow http.listen on an address that is not loopback and answer engines on other machines. Only for a network that nobody else can reach, such as the private network of a container set.",
			set: bind(func(c *Config) *bool { return &c.HTTP.AllowRemote }, parseBool)},
		{Name: "http.token", Type: "text of 16 characters or more: letters, digits, - and _", Secret: true, Required: true,
			Doc: "Secret in the path of every URL at http.listen; the engines' configuration holds the same one.",
			set: bind(func(c *Config) *string { return &c.HTTP.Token }, parseToken)},

		{Name: "api.listen", Type: "host:port", Default: "127.0.0.1:8080",
			Doc: "Where the admin API and the portal are served.",
			set: bind(func(c *Config) *string { return &c.API.Listen }, parseHostPort)},
		{Name: "api.tls_cert", Type: "file", Doc: "Certificate chain (PEM) of the API; empty: plain HTTP, for use behind a proxy.",
			set: bind(func(c *Config) *string { return &c.API.TLSCert }, parseText)},
		{Name: "api.tls_key", Type: "file", Doc: "Private key (PEM) of the API.",
			set: bind(func(c *Config) *string { return &c.API.TLSKey }, parseText)},
		{Name: "api.public_url", Type: "https:// or http:// URL without a path, or empty",
			Doc: "Where browsers find the portal, for example https://pbx.example.com. With https sessions are kept to TLS. Single sign-on needs it.",
			set: bind(func(c *Config) *string { return &c.API.PublicURL }, optional(parseOrigin))},
		{Name: "api.max_body", Type: "bytes, 1024 to 104857600", Default: "1048576",
			Doc: "Largest request body that is read.",
			set: bind(func(c *Config) *int64 { return &c.API.MaxBody }, parseInt64(1024, 100<<20))},
		{Name: "api.rate_limit", Type: "number, 0 to 100000", Default: "50",
			Doc: "Requests a second of one token; 0: no limit.",
			set: bind(func(c *Config) *int { return &c.API.RateLimit }, parseInt(0, 100000))},

		{Name: "oidc.issuer", Type: "https:// or http:// URL, or empty",
			Doc: "An OpenID Connect issuer at which people may log in to the portal, for example https://login.microsoftonline.com/<tenant>/v2.0: one that vouches for the e-mail addresses of its people.",
			set: bind(func(c *Config) *string { return &c.OIDC.Issuer }, optional(parseWeb))},
		{Name: "oidc.title", Type: "text", Default: "Single sign-on",
			Doc: "What is on the button.",
			set: bind(func(c *Config) *string { return &c.OIDC.Title }, parseText)},
		{Name: "oidc.client_id", Type: "text", Doc: "Id of this service at the issuer, where <api.public_url>/api/v1/session/sign-on/oidc/callback is its redirect address.",
			set: bind(func(c *Config) *string { return &c.OIDC.ClientID }, parseText)},
		{Name: "oidc.client_secret", Type: "text", Secret: true, Doc: "Its secret there.",
			set: bind(func(c *Config) *string { return &c.OIDC.ClientSecret }, parseText)},

		{Name: "metrics.listen", Type: "host:port, or empty", Default: "127.0.0.1:9091",
			Doc: "Where /metrics (Prometheus), /healthz and /readyz are served; empty: nowhere.",
			set: bind(func(c *Config) *string { return &c.Metrics.Listen }, optional(parseHostPort))},

		{Name: "database.dsn", Type: "postgres:// URL, or key=value pairs", Secret: true, Required: true,
			Doc: "The PostgreSQL database.",
			set: bind(func(c *Config) *string { return &c.Database.DSN }, parseDSN)},
		{Name: "database.max_conns", Type: "number, 2 to 1000", Default: "10",
			Doc: "Largest number of connections.",
			set: bind(func(c *Config) *int { return &c.Database.MaxConns }, parseInt(2, 1000))},
		{Name: "database.min_conns", Type: "number, 0 to 1000", Default: "2",
			Doc: "Connections that are kept open.",
			set: bind(func(c *Config) *int { return &c.Database.MinConns }, parseInt(0, 1000))},
		{Name: "database.connect_timeout", Type: "duration, 100ms to 5m", Default: "5s",
			Doc: "How long opening a connection may take.",
			set: bind(func(c *Config) *time.Duration { return &c.Database.ConnectTimeout }, parseDuration(100*time.Millisecond, 5*time.Minute))},
		{Name: "database.statement_timeout", Type: "duration, 100ms to 1h", Default: "30s",
			Doc: "How long a statement may run.",
			set: bind(func(c *Config) *time.Duration { return &c.Database.StatementTimeout }, parseDuration(100*time.Millisecond, time.Hour))},
		{Name: "store.spool_dir", Type: "folder", Default: "/var/lib/callplane/spool",
			Doc: "Where call records wait while the database is away. Made when missing.",
			set: bind(func(c *Config) *string { return &c.Store.SpoolDir }, parsePath)},
		{Name: "store.cache_file", Type: "file", Default: "/var/lib/callplane/accounts.cache",
			Doc: "The last known configuration of all accounts, from which the controller starts while the database is away.",
			set: bind(func(c *Config) *string { return &c.Store.CacheFile }, parsePath)},
	}
}

func callKeys() []Key {
	return []Key{
		{Name: "media.dir", Type: "folder", Default: "/var/lib/callplane/media",
			Doc: "Prompts, music and recordings; the engines read and write the same folder.",
			set: bind(func(c *Config) *string { return &c.Media.Dir }, parsePath)},
		{Name: "media.language", Type: "one of " + strings.Join(dialplan.Languages(), ", "), Default: "en",
			Doc: "Language of a prompt that does not exist in the language asked for.",
			set: bind(func(c *Config) *string { return &c.Media.Language }, oneOf(dialplan.Languages()...))},

		{Name: "recording.dir", Type: "folder", Default: "/var/lib/callplane/recordings",
			Doc: "Recorded calls. The engines write into its folder spool; all of it must be on one file system.",
			set: bind(func(c *Config) *string { return &c.Recording.Dir }, parsePath)},
		{Name: "sftp.listen", Type: "host:port, or empty",
			Doc: "Where accounts' SFTP users fetch recordings, for example 0.0.0.0:2022; empty: nowhere. Addresses that guess are refused by the numbers of security, counted apart from phones.",
			set: bind(func(c *Config) *string { return &c.SFTP.Listen }, optional(parseHostPort))},
		{Name: "sftp.host_key", Type: "file", Default: "/var/lib/callplane/sftp_host_key",
			Doc: "Private key by which SFTP clients know this server. Made when missing.",
			set: bind(func(c *Config) *string { return &c.SFTP.HostKey }, parsePath)},

		{Name: "sip.domain", Type: "host name or IP address", Required: true,
			Doc: "The domain of all SIP accounts and the realm of their digest authentication, for example sip.example.com. A change makes every phone's registration invalid.",
			set: bind(func(c *Config) *string { return &c.SIP.Domain }, parseDomain)},

		{Name: "engines", Type: "list of {" + engineFieldNames() + "}", Required: true, Secret: true,
			Doc: "The media engines; in the environment the list is written as JSON.",
			set: setEngines},

		{Name: "voicemail.max", Type: "duration, 5s to 1h", Default: "5m",
			Doc: "Longest voicemail message.",
			set: bind(func(c *Config) *time.Duration { return &c.Voicemail.Max }, parseDuration(5*time.Second, time.Hour))},
		{Name: "voicemail.silence", Type: "duration, 1s to 1m", Default: "5s",
			Doc: "Silence that ends a voicemail message.",
			set: bind(func(c *Config) *time.Duration { return &c.Voicemail.Silence }, parseDuration(time.Second, time.Minute))},

		{Name: "assistant.transcriber", Type: "one of none, http, pocketsphinx", Default: "none",
			Doc: "Who makes text of what the personal assistant hears: a server at assistant.speech_url, or Debian's pocketsphinx on this machine, which knows English only. none: nobody has the assistant.",
			set: bind(func(c *Config) *string { return &c.Assistant.Transcriber }, oneOf("none", "http", "pocketsphinx"))},
		{Name: "assistant.workers", Type: "number, 1 to 32", Default: "1",
			Doc: "Recordings that are analysed at once.",
			set: bind(func(c *Config) *int { return &c.Assistant.Workers }, parseInt(1, 32))},
		{Name: "assistant.speech_url", Type: "http or https URL, or empty",
			Doc: "Base of a server with OpenAI's interface, for example http://127.0.0.1:8000/v1. Recordings are sent to its audio/transcriptions.",
			set: bind(func(c *Config) *string { return &c.Assistant.Speech.URL }, optional(parseWebURL))},
		{Name: "assistant.speech_model", Type: "text", Default: "whisper-1", Doc: "Model that transcribes there.",
			set: bind(func(c *Config) *string { return &c.Assistant.Speech.Model }, parseText)},
		{Name: "assistant.speech_key", Type: "text", Secret: true, Doc: "Sent to it as bearer token; empty: none.",
			set: bind(func(c *Config) *string { return &c.Assistant.Speech.Key }, parseText)},
		{Name: "assistant.speech_timeout", Type: "duration, 1s to 6h", Default: "30m", Doc: "How long the transcript of one party may take.",
			set: bind(func(c *Config) *time.Duration { return &c.Assistant.Speech.Timeout }, parseDuration(time.Second, 6*time.Hour))},
		{Name: "assistant.chat_url", Type: "http or https URL, or empty",
			Doc: "Base of a server with OpenAI's interface, to whose chat/completions transcripts are sent for a summary; empty: the summary is the beginning of what was said and how much it was.",
			set: bind(func(c *Config) *string { return &c.Assistant.Chat.URL }, optional(parseWebURL))},
		{Name: "assistant.chat_model", Type: "text", Doc: "Model that summarises there.",
			set: bind(func(c *Config) *string { return &c.Assistant.Chat.Model }, parseText)},
		{Name: "assistant.chat_key", Type: "text", Secret: true, Doc: "Sent to it as bearer token; empty: none.",
			set: bind(func(c *Config) *string { return &c.Assistant.Chat.Key }, parseText)},
		{Name: "assistant.chat_timeout", Type: "duration, 1s to 1h", Default: "3m", Doc: "How long a summary may take.",
			set: bind(func(c *Config) *time.Duration { return &c.Assistant.Chat.Timeout }, parseDuration(time.Second, time.Hour))},
		{Name: "assistant.pocketsphinx_models", Type: "folder", Default: "/usr/share/pocketsphinx/model",
			Doc: "Models of pocketsphinx, a folder for each language.",
			set: bind(func(c *Config) *string { return &c.Assistant.Models }, parsePath)},

		{Name: "mail.server", Type: "host:port, or empty", Doc: "SMTP server by which e-mail is sent; empty: none is sent.",
			set: bind(func(c *Config) *string { return &c.Mail.Server }, optional(parseHostPort))},
		{Name: "mail.from", Type: "e-mail address", Doc: "Sender of e-mail.",
			set: bind(func(c *Config) *string { return &c.Mail.From }, parseText)},
		{Name: "mail.security", Type: "one of none, starttls, tls", Default: "starttls",
			Doc: "Encryption of the connection to mail.server; starttls refuses a server without it.",
			set: bind(func(c *Config) *string { return &c.Mail.Security }, oneOf("none", "starttls", "tls"))},
		{Name: "mail.username", Type: "text", Doc: "User name at mail.server; empty: no authentication.",
			set: bind(func(c *Config) *string { return &c.Mail.Username }, parseText)},
		{Name: "mail.password", Type: "text", Secret: true, Doc: "Password at mail.server.",
			set: bind(func(c *Config) *string { return &c.Mail.Password }, parseText)},

		{Name: "sms.url", Type: "http or https URL, or empty", Secret: true,
			Doc: "Gateway to which text messages are posted as JSON with id, to and text; empty: none is sent.",
			set: bind(func(c *Config) *string { return &c.SMS.URL }, optional(parseWebURL))},
		{Name: "sms.token", Type: "text", Secret: true, Doc: "Sent to the gateway as bearer token; empty: none.",
			set: bind(func(c *Config) *string { return &c.SMS.Token }, parseText)},
		{Name: "sms.price", Type: "decimal number with up to 4 places", Default: "0",
			Doc: "What a text message costs the account, where the gateway's answer does not tell its cost.",
			set: bind(func(c *Config) *string { return &c.SMS.Price }, parseAmount)},
		{Name: "sms.currency", Type: "ISO 4217 code", Default: "EUR", Doc: "Currency of sms.price.",
			set: bind(func(c *Config) *string { return &c.SMS.Currency }, parseCurrency)},

		{Name: "streams.listen", Type: "address:port", Default: "127.0.0.1:0",
			Doc: "Where engines call for the media streams of voice bots (SIP over UDP, and RTP at the same address at ports that are free); port 0: any. It must be an address that the engines reach, and nobody else needs to.",
			set: bind(func(c *Config) *netip.AddrPort { return &c.Streams.Listen }, parseAddrPort)},
		{Name: "streams.networks", Type: "list of addresses and networks",
			Doc: "Addresses that are not public and at which voice bots with media streams may be, for example 10.1.2.0/24. Anywhere else on the own networks no websocket is opened.",
			set: setPrefixes(func(c *Config) *[]netip.Prefix { return &c.Streams.Networks })},

		{Name: "limits.hops", Type: "number, 1 to 1000", Default: "50",
			Doc: "Extensions that one call may pass through before it is cut as a loop.",
			set: bind(func(c *Config) *int { return &c.Limits.Hops }, parseInt(1, 1000))},
		{Name: "limits.call_setup", Type: "duration, 10s to 24h", Default: "10m",
			Doc: "How long a call may ring and be forwarded without being answered by anybody, in all. Menus and queues count as answered.",
			set: bind(func(c *Config) *time.Duration { return &c.Limits.CallSetup }, parseDuration(10*time.Second, 24*time.Hour))},
		{Name: "limits.dial_chars", Type: "number, 20 to 256", Default: "64",
			Doc: "Longest dialled string that is looked at; longer ones are refused (484).",
			set: bind(func(c *Config) *int { return &c.Limits.DialChars }, parseInt(20, 256))},

		{Name: "security.auth_failures", Type: "number, 1 to 1000", Default: "20",
			Doc: "Failed SIP authentications of one address (IPv6: one /64) within security.auth_window after which it is blocked.",
			set: bind(func(c *Config) *int { return &c.Security.AuthFailures }, parseInt(1, 1000))},
		{Name: "security.auth_window", Type: "duration, 1s to 24h", Default: "5m",
			Doc: "Window in which failures are counted.",
			set: bind(func(c *Config) *time.Duration { return &c.Security.AuthWindow }, parseDuration(time.Second, 24*time.Hour))},
		{Name: "security.block", Type: "duration, 1s to 720h", Default: "10m",
			Doc: "Length of the first block of an address; each further one is twice as long.",
			set: bind(func(c *Config) *time.Duration { return &c.Security.Block }, parseDuration(time.Second, 720*time.Hour))},
		{Name: "security.block_max", Type: "duration, 1s to 720h", Default: "24h",
			Doc: "Longest block.",
			set: bind(func(c *Config) *time.Duration { return &c.Security.BlockMax }, parseDuration(time.Second, 720*time.Hour))},
		{Name: "security.allow", Type: "list of addresses and networks",
			Doc: "Addresses that are never blocked, for example 192.0.2.7, 2001:db8::/32.",
			set: setPrefixes(func(c *Config) *[]netip.Prefix { return &c.Security.Allow })},
		{Name: "security.max_tracked", Type: "number, 100 to 10000000", Default: "100000",
			Doc: "Addresses with failures that are remembered at once; beyond that the longest quiet one is forgotten.",
			set: bind(func(c *Config) *int { return &c.Security.MaxTracked }, parseInt(100, 10000000))},
	}
}

// bind makes a setter of a parser for one field.
func bind[T any](field func(*Config) *T, parse func(string) (T, error)) func(*Config, any) error {
	return func(c *Config, raw any) error {
		s, err := scalar(raw)
		if err != nil {
			return err
		}
		v, err := parse(s)
		if err != nil {
			return err
		}
		*field(c) = v
		return nil
	}
}

func scalar(raw any) (string, error) {
	switch v := raw.(type) {
	case nil:
		return "", nil
	case string:
		return strings.TrimSpace(v), nil
	case bool, int, int64, uint64, float64:
		return fmt.Sprint(v), nil
	}
	return "", fmt.Errorf("is a list or a map, a single value is expected")
}
