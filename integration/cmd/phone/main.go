// Command phone is a SIP telephone for the command line: it registers, calls and answers, plays and records audio, and
// sends DTMF.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"callplane/integration/phone"
)

const usage = `phone is a SIP telephone for the command line.

Usage:
  phone [flags] register           register and wait for calls; press a to answer
  phone [flags] answer             the same, and answer every call by itself
  phone [flags] call TARGET        call a number, user@host or sip: URI

Examples:
  phone -user 101 -password secret -registrar 127.0.0.1:5060 call 200
  phone -user 102 -password secret -registrar 127.0.0.1:5060 -answer-after 2s -tone 440 answer
  phone -user 103 -password secret -registrar 127.0.0.1:5061 -transport tls -insecure -srtp register
  phone -from '"Jo" <sip:+31201234567@carrier>' call sip:+31207654321@127.0.0.1:5080

Each change of a call prints one line. While it runs, type and press Enter:
  0-9 * # A-D    send these digits by DTMF
  a              answer the call that rings          r        reject it as busy
  h              hang up                             o        hold, and again: resume
  x TARGET       transfer the other side to TARGET   c TARGET call TARGET, when there is no call
  s              show what is heard and counted      q        quit (as Ctrl-C does)

The exit status is 0 if all went well, 1 if the registration or the call failed, 2 for wrong usage.

Flags (before or after the command):
`

type options struct {
	phone.Config
	from, dtmf, play, save, ca string
	dtmfMode, codecs           string
	headers                    headerList
	answerAfter, duration      time.Duration
	loop, once, insecure       bool
	trace, verbose, noRegister bool
	command                    string
	target                     string
}

type headerList map[string]string

func (h headerList) String() string { return "" }

func (h headerList) Set(v string) error {
	name, value, ok := strings.Cut(v, ":")
	if !ok || strings.TrimSpace(name) == "" {
		return errors.New("want 'Name: value'")
	}
	h[strings.TrimSpace(name)] = strings.TrimSpace(value)
	return nil
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

func parse(args []string, stderr io.Writer) (*options, error) {
	o := &options{headers: headerList{}}
	fs := flag.NewFlagSet("phone", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.Usage = func() {
		fmt.Fprint(stderr, usage)
		fs.PrintDefaults()
	}
	fs.StringVar(&o.User, "user", "phone", "number or `name` of the account")
	fs.StringVar(&o.AuthUser, "auth-user", "", "login `name`, where it differs from -user")
	fs.StringVar(&o.Password, "password", os.Getenv("PHONE_PASSWORD"), "`password`; better in the environment: PHONE_PASSWORD")
	fs.StringVar(&o.DisplayName, "name", "", "display `name`")
	fs.StringVar(&o.Domain, "domain", "", "SIP `domain` of the account (default: the registrar's host)")
	fs.StringVar(&o.Registrar, "registrar", "", "`host:port` of the telephone system; without it, calls go straight to their target")
	fs.StringVar(&o.Transport, "transport", "udp", "udp, tcp or tls")
	fs.StringVar(&o.BindIP, "bind", "127.0.0.1", "local `address` for SIP and audio; others must be able to reach it")
	fs.IntVar(&o.Port, "port", 0, "local SIP `port` (default: a free one)")
	fs.BoolVar(&o.SRTP, "srtp", false, "encrypt the audio (SRTP with SDES keys), and refuse to go without")
	fs.StringVar(&o.ca, "ca", "", "PEM `file` with the certificate authority of a TLS server")
	fs.BoolVar(&o.insecure, "insecure", false, "accept any certificate of a TLS server")
	fs.StringVar(&o.codecs, "codecs", "pcma,pcmu", "codecs in order of preference")
	fs.StringVar(&o.dtmfMode, "dtmf-mode", "rfc4733", "how digits are sent: rfc4733 or info")
	fs.DurationVar(&o.Expires, "expires", 5*time.Minute, "how long a registration is asked for")
	fs.BoolVar(&o.noRegister, "no-register", false, "answer without registering, for calls that come straight to this phone")
	fs.DurationVar(&o.answerAfter, "answer-after", time.Second, "answer: ring for this long first")
	fs.BoolVar(&o.once, "once", false, "answer, register: quit after the first call")
	fs.DurationVar(&o.duration, "duration", 0, "hang up this long after the answer (default: never)")
	fs.Float64Var(&o.Tone, "tone", 0, "say a tone of this many `Hz`; silence by default")
	fs.StringVar(&o.play, "play", "", "play this WAV `file` (16 bit PCM) after the answer")
	fs.BoolVar(&o.loop, "loop", false, "play it again and again")
	fs.StringVar(&o.save, "save", "", "save what is heard to this WAV `file`; %d in the name becomes the number of the call")
	fs.StringVar(&o.dtmf, "dtmf", "", "send these `digits` after the answer; a comma pauses for half a second")
	fs.StringVar(&o.from, "from", "", "From header `value` for calls, as a carrier would send it")
	fs.Var(o.headers, "header", "add a `'Name: value'` header to calls; may be repeated")
	fs.BoolVar(&o.trace, "trace", false, "print every SIP message to stderr")
	fs.BoolVar(&o.verbose, "v", false, "print what the phone logs to stderr")
	var rest []string
	for len(args) > 0 {
		if err := fs.Parse(args); err != nil {
			return nil, err
		}
		if args = fs.Args(); len(args) > 0 {
			rest, args = append(rest, args[0]), args[1:]
		}
	}
	wrong := func(format string, a ...any) (*options, error) {
		err := fmt.Errorf(format, a...)
		fmt.Fprintf(stderr, "phone: %v; phone -help tells more\n", err)
		return nil, err
	}
	switch {
	case len(rest) == 0:
		fs.Usage()
		return nil, errors.New("no command")
	case rest[0] == "call" && len(rest) == 2:
		o.target = rest[1]
	case rest[0] == "call":
		return wrong("call wants one target")
	case (rest[0] == "register" || rest[0] == "answer") && len(rest) == 1:
	case rest[0] == "register" || rest[0] == "answer":
		return wrong("%s takes no arguments", rest[0])
	default:
		return wrong("unknown command %q", rest[0])
	}
	o.command = rest[0]
	if o.Registrar == "" && o.command == "register" {
		return wrong("register needs -registrar")
	}
	for name := range strings.SplitSeq(strings.ToLower(o.codecs), ",") {
		switch strings.TrimSpace(name) {
		case "pcma", "alaw":
			o.Codecs = append(o.Codecs, phone.PCMA)
		case "pcmu", "ulaw":
			o.Codecs = append(o.Codecs, phone.PCMU)
		default:
			return wrong("unknown codec %q", name)
		}
	}
	switch strings.ToLower(o.dtmfMode) {
	case "rfc4733", "rfc2833":
	case "info":
		o.DTMF = phone.INFO
	default:
		return wrong("unknown -dtmf-mode %q", o.dtmfMode)
	}
	if strings.EqualFold(o.Transport, "tls") {
		o.TLS = &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: o.insecure}
		if o.ca != "" {
			pem, err := os.ReadFile(o.ca)
			if err != nil {
				return wrong("-ca: %v", err)
			}
			o.TLS.RootCAs = x509.NewCertPool()
			if !o.TLS.RootCAs.AppendCertsFromPEM(pem) {
				return wrong("-ca: no certificate in %s", o.ca)
			}
		}
	}
	if o.trace {
		o.Trace = stderr
	}
	if o.verbose {
		o.Logger = slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	return o, nil
}

// run is main with everything passed in; it returns the exit status.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	}
	p, err := phone.New(ctx, o.Config)
	if err != nil {
		fmt.Fprintln(stderr, "phone:", err)
		return 1
	}
	s := newSession(p, o, stdout)
	code := s.run(ctx, stdin)
	if err := p.Close(); err != nil {
		fmt.Fprintln(stderr, "phone: close:", err)
		code = max(code, 1)
	}
	return code
}
