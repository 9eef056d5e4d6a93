package voicemail

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/wneessen/go-mail"

	"callplane/store"
)

// MailConfig says by which server e-mail is sent (SMTP, RFC 5321).
type MailConfig struct {
	Server string // host:port
	From   string
	// Security is none, starttls or tls.
	Security           string
	Username, Password string // empty: no authentication
}

// Mail sends e-mail.
type Mail struct {
	cfg  MailConfig
	host string
	opts []mail.Option
}

// NewMail returns nil without a server.
func NewMail(cfg MailConfig) (*Mail, error) {
	if cfg.Server == "" {
		return nil, nil
	}
	host, p, err := net.SplitHostPort(cfg.Server)
	if err != nil {
		return nil, fmt.Errorf("mail server: %w", err)
	}
	port, err := strconv.Atoi(p)
	if err != nil {
		return nil, fmt.Errorf("mail server: %w", err)
	}
	if cfg.From == "" {
		return nil, errors.New("mail server: the sender's address is missing")
	}
	m := &Mail{cfg: cfg, host: host, opts: []mail.Option{mail.WithPort(port), mail.WithTimeout(20 * time.Second)}}
	switch cfg.Security {
	case "none":
		m.opts = append(m.opts, mail.WithTLSPolicy(mail.NoTLS))
	case "tls":
		m.opts = append(m.opts, mail.WithSSL())
	default:
		m.opts = append(m.opts, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if cfg.Username != "" {
		m.opts = append(m.opts, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(cfg.Username), mail.WithPassword(cfg.Password))
	}
	if _, err := mail.NewClient(host, m.opts...); err != nil {
		return nil, fmt.Errorf("mail server: %w", err)
	}
	return m, nil
}

// Send sends one notice, with the audio file if there is one. Sent again it has the same Message-ID, by
// which mail programs tell that it is the same.
func (m *Mail) Send(ctx context.Context, n store.DueNotice, t text, audio string) error {
	msg := mail.NewMsg()
	if err := errors.Join(msg.From(m.cfg.From), msg.To(n.To)); err != nil {
		return fmt.Errorf("write e-mail: %w", err)
	}
	msg.Subject(t.Subject)
	msg.SetDateWithValue(n.Message.At)
	msg.SetMessageIDWithValue(n.ID.String() + "@callplane")
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no answers from robots
	msg.SetBodyString(mail.TypeTextPlain, t.Body)
	if audio != "" {
		f, err := os.Open(audio)
		if err != nil {
			return fmt.Errorf("attach message: %w", err)
		}
		defer func() { _ = f.Close() }()
		if err := msg.AttachReader(t.FileName, f, mail.WithFileContentType("audio/wav")); err != nil {
			return fmt.Errorf("attach message: %w", err)
		}
	}
	c, err := mail.NewClient(m.host, m.opts...)
	if err != nil {
		return fmt.Errorf("mail server: %w", err)
	}
	if err := c.DialAndSendWithContext(ctx, msg); err != nil {
		return fmt.Errorf("send e-mail: %w", err)
	}
	return nil
}
