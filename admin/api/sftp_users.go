package api

import (
	"context"
	"crypto/rsa"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/crypto/ssh"

	"callplane/store"
)

// SFTPUserInput is somebody who may fetch the account's recordings by SFTP, as written.
type SFTPUserInput struct {
	Name    string   `json:"name" pattern:"^[a-z][a-z0-9-]{0,31}$" patternDescription:"a lower-case letter, then up to 31 of a-z, 0-9 and -" doc:"Within the account."`
	Enabled *bool    `json:"enabled" required:"false" default:"true"`
	Keys    []string `json:"keys,omitempty" required:"false" maxItems:"20" maxLength:"2000" doc:"Public keys as in authorized_keys, without options: Ed25519, ECDSA, or RSA of 2048 bits or more."`
}

// Resolve checks what the schema can't, and leaves of each key its type and value.
func (in *SFTPUserInput) Resolve(huma.Context) []error {
	var errs []*huma.ErrorDetail
	for i, line := range in.Keys {
		key, bad := publicKey(line)
		if bad != "" {
			errs = append(errs, field(fmt.Sprintf("keys[%d]", i), bad))
		}
		in.Keys[i] = key
	}
	return errorsOf(errs)
}

// publicKey reads a line of authorized_keys; bad says what is wrong with it.
func publicKey(line string) (key, bad string) {
	if strings.ContainsAny(line, "\r\n\x00") {
		return "", "must be one line"
	}
	k, _, options, _, err := ssh.ParseAuthorizedKey([]byte(line))
	if err != nil {
		return "", "must be a public key such as: ssh-ed25519 AAAA…"
	}
	if len(options) > 0 {
		return "", "must have no options"
	}
	switch k.Type() {
	case ssh.KeyAlgoED25519, ssh.KeyAlgoSKED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521, ssh.KeyAlgoSKECDSA256:
	case ssh.KeyAlgoRSA:
		c, ok := k.(ssh.CryptoPublicKey)
		if !ok {
			return "", "must be a public key"
		}
		if r, ok := c.CryptoPublicKey().(*rsa.PublicKey); !ok || r.N.BitLen() < 2048 {
			return "", "must have 2048 bits or more"
		}
	default:
		return "", "must be an Ed25519, ECDSA or RSA key"
	}
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(k))), ""
}

// SFTPUser is somebody who may fetch the account's recordings by SFTP, as read.
type SFTPUser struct {
	SFTPUserInput
	Login       string    `json:"login" readOnly:"true" doc:"What SFTP clients log in with."`
	HasPassword bool      `json:"has_password" readOnly:"true" doc:"Without one only keys are taken."`
	LastLogin   time.Time `json:"last_login_at,omitzero" readOnly:"true"`
	Created     time.Time `json:"created_at" readOnly:"true"`
}

// SFTPPassword is a new password, which is shown once.
type SFTPPassword struct {
	Login    string `json:"login"`
	Password string `json:"password"`
}

// SFTPPath is in the path of an SFTP user.
type SFTPPath struct {
	AccountPath
	SFTP string `path:"sftp" pattern:"^[a-z][a-z0-9-]{0,31}$" patternDescription:"a lower-case letter, then up to 31 of a-z, 0-9 and -" doc:"Name of the SFTP user."`
}

func sftpUserOf(u *store.SFTPUser) SFTPUser {
	return SFTPUser{SFTPUserInput: SFTPUserInput{Name: u.Name, Enabled: ptr(u.Enabled), Keys: u.Keys}, Login: u.Login(), HasPassword: u.HasPassword(),
		LastLogin: u.LastLogin, Created: u.Created}
}

func (s *server) sftpUsers(api huma.API) {
	const tag = "recordings"
	const list, one = "/accounts/{account}/sftp-users", "/accounts/{account}/sftp-users/{sftp}"
	register(s, api, scopeAccount, op("list-sftp-users", http.MethodGet, list, tag, "List who may fetch recordings by SFTP"), s.listSFTPUsers)
	register(s, api, scopeAccount, op("create-sftp-user", http.MethodPost, list, tag, "Let somebody fetch recordings by SFTP"), s.createSFTPUser)
	register(s, api, scopeAccount, op("get-sftp-user", http.MethodGet, one, tag, "Get an SFTP user"), s.getSFTPUser)
	register(s, api, scopeAccount, op("update-sftp-user", http.MethodPut, one, tag, "Replace an SFTP user's settings"), s.updateSFTPUser)
	register(s, api, scopeAccount, op("delete-sftp-user", http.MethodDelete, one, tag, "Delete an SFTP user and end its connections"), s.deleteSFTPUser)
	fresh := op("new-sftp-password", http.MethodPost, one+"/password", tag, "Make a new password for an SFTP user, which is shown once")
	fresh.Errors = nil
	register(s, api, scopeAccount, fresh, s.newSFTPPassword)
	register(s, api, scopeAccount, op("delete-sftp-password", http.MethodDelete, one+"/password", tag, "Take an SFTP user's password away"), s.deleteSFTPPassword)
}

func (s *server) listSFTPUsers(ctx context.Context, in *struct {
	AccountPath
	PageQuery
}) (out *PageOutput[SFTPUser], err error) {
	p, err := in.page()
	if err != nil {
		return nil, err
	}
	return out, s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		rows, total, err := tx.ListSFTPUsers(ctx, p)
		out = answerPage(rows, total, p, sftpUserOf)
		return err
	})
}

func (s *server) createSFTPUser(ctx context.Context, in *struct {
	AccountPath
	Body SFTPUserInput
}) (out *Row[SFTPUser], err error) {
	u := &store.SFTPUser{Name: in.Body.Name, Enabled: *in.Body.Enabled, Keys: in.Body.Keys}
	return out, s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		if err := tx.CreateSFTPUser(ctx, u); err != nil {
			return err
		}
		out = created(u.Revision, sftpUserOf(u), "/accounts/%d/sftp-users/%s", in.Account, u.Name)
		return s.record(ctx, tx, in.id(), actionCreate, "SFTP user", u.Name, nil, out.Body)
	})
}

func (s *server) getSFTPUser(ctx context.Context, in *SFTPPath) (out *Row[SFTPUser], err error) {
	return out, s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		u, err := tx.ReadSFTPUser(ctx, in.SFTP)
		if err == nil {
			out = row(u.Revision, sftpUserOf(u))
		}
		return err
	})
}

func (s *server) updateSFTPUser(ctx context.Context, in *struct {
	SFTPPath
	Match
	Body SFTPUserInput
}) (out *Row[SFTPUser], err error) {
	return out, s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		u, err := tx.ReadSFTPUser(ctx, in.SFTP)
		if err != nil {
			return err
		}
		before := sftpUserOf(u)
		u.Name, u.Enabled, u.Keys = in.Body.Name, *in.Body.Enabled, in.Body.Keys
		if u.Revision, err = in.revision(u.Revision); err != nil {
			return err
		}
		if err := tx.UpdateSFTPUser(ctx, u); err != nil {
			return err
		}
		out = row(u.Revision, sftpUserOf(u))
		return s.record(ctx, tx, in.id(), actionUpdate, "SFTP user", u.Name, before, out.Body)
	})
}

func (s *server) deleteSFTPUser(ctx context.Context, in *struct {
	SFTPPath
	Match
}) (*Empty, error) {
	return &Empty{}, s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		u, err := tx.ReadSFTPUser(ctx, in.SFTP)
		if err != nil {
			return err
		}
		if err := current("SFTP user", in.Match, u.ID, u.Revision); err != nil {
			return err
		}
		if err := tx.DeleteSFTPUser(ctx, u.Name); err != nil {
			return err
		}
		return s.record(ctx, tx, in.id(), actionDelete, "SFTP user", u.Name, sftpUserOf(u), nil)
	})
}

// sftpPassword gives an SFTP user another password, or none.
func (s *server) sftpPassword(ctx context.Context, in *SFTPPath, none bool) (out SFTPPassword, err error) {
	return out, s.inAccount(ctx, in.id(), nil, func(tx *store.Tx, _ *store.Account) error {
		u, err := tx.ReadSFTPUser(ctx, in.SFTP)
		if err != nil {
			return err
		}
		before := sftpUserOf(u)
		out.Login = u.Login()
		if out.Password, err = tx.NewSFTPPassword(ctx, u, none); err != nil {
			return err
		}
		return s.record(ctx, tx, in.id(), actionUpdate, "SFTP user", u.Name, before, sftpUserOf(u), "password")
	})
}

func (s *server) newSFTPPassword(ctx context.Context, in *SFTPPath) (*struct{ Body SFTPPassword }, error) {
	p, err := s.sftpPassword(ctx, in, false)
	return &struct{ Body SFTPPassword }{p}, err
}

func (s *server) deleteSFTPPassword(ctx context.Context, in *SFTPPath) (*Empty, error) {
	_, err := s.sftpPassword(ctx, in, true)
	return &Empty{}, err
}
