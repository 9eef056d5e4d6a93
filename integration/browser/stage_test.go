package browser

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/oauth2-proxy/mockoidc"

	"callplane/integration/installation"
	"callplane/integration/phone"
	"callplane/integration/tone"
)

// specTime is what no spec should need; askTime what nothing should that a spec asks for.
const (
	specTime = 5 * time.Minute
	askTime  = 20 * time.Second
)

// stage is an installation with a browser before it.
type stage struct {
	*installation.System
	node     *node
	engine   string
	outside  *exchange
	issuer   *mockoidc.MockOIDC // an OpenID provider
	pictures string
	out      string // where makers put what they make
	carriers atomic.Int32
	logIns   atomic.Int32

	mu   sync.Mutex
	runs map[int]*scene
}

// scene is what belongs to one run of a spec.
type scene struct {
	ctx    context.Context
	t      *testing.T
	dir    string
	mu     sync.Mutex
	phones map[string]*phone.Phone
	calls  []*phone.Call
	tones  int
}

// open starts an installation and the browser.
func open(t *testing.T, engine, binary, script string) *stage {
	t.Helper()
	issuer, err := mockoidc.Run()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = issuer.Shutdown() })
	s := &stage{engine: engine, issuer: issuer, pictures: pictures(t), runs: map[int]*scene{}}
	speech := httptest.NewServer(http.HandlerFunc(transcribe))
	t.Cleanup(speech.Close)
	s.System = installation.New(t, engine, binary, func(url string) map[string]map[string]any {
		return map[string]map[string]any{
			"api":       {"public_url": url},
			"oidc":      {"issuer": issuer.Issuer(), "title": "Work account", "client_id": issuer.ClientID, "client_secret": issuer.ClientSecret},
			"assistant": {"transcriber": "http", "speech_url": speech.URL},
		}
	})
	if s.Status(s.API+"/") != http.StatusOK {
		t.Fatal("the portal is not in the binary, make ui builds it")
	}
	s.outside = newExchange(s.Carrier("127.71.0.2"))
	t.Cleanup(s.outside.close)
	s.node = startNode(t, script, s.answer)
	return s
}

// run has the browser run a spec.
func (s *stage) run(t *testing.T, name string) {
	ctx, cancel := context.WithTimeout(t.Context(), specTime)
	defer cancel()
	id, done := s.node.begin()
	sc := &scene{ctx: ctx, t: t, dir: t.TempDir(), phones: map[string]*phone.Phone{}}
	s.mu.Lock()
	s.runs[id] = sc
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.runs, id)
		s.mu.Unlock()
		sc.close()
	}()
	s.node.send(map[string]any{"id": id, "run": name, "settings": map[string]any{
		"url": s.API, "token": s.Token, "engine": s.engine, "pictures": s.pictures, "issuer": s.issuer.Issuer(), "out": s.out}})
	select {
	case wrong := <-done:
		if wrong != "" {
			t.Error(wrong)
		}
	case <-ctx.Done():
		s.node.send(map[string]any{"late": id})
		select {
		case wrong := <-done:
			t.Errorf("it takes too long: %s", wrong)
		case <-time.After(askTime):
			t.Error("it takes too long, and the browser does not say what it shows")
		case <-s.node.ended:
			t.Error("it takes too long, and node ended")
		}
	case <-s.node.ended:
		t.Error("node ended")
	}
}

// answer does what a spec asks for.
func (s *stage) answer(a ask) (any, error) {
	s.mu.Lock()
	sc := s.runs[a.Run]
	s.mu.Unlock()
	if sc == nil {
		return nil, errors.New("the spec is over")
	}
	var in request
	if err := json.Unmarshal(a.Args, &in); err != nil {
		return nil, fmt.Errorf("%s: %w", a.Op, err)
	}
	ctx, cancel := context.WithTimeout(sc.ctx, askTime)
	defer cancel()
	out, err := s.do(ctx, sc, a.Op, in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", a.Op, err)
	}
	return out, nil
}

// request is whatever some operation needs.
type request struct {
	Phone, Number, From, Digits, Name, Email, Password, Text, Queue string
	Call, Login, MS, Seconds, Account                               int
	Agents                                                          []string
	Hz                                                              float64
}

func (s *stage) do(ctx context.Context, sc *scene, op string, in request) (any, error) {
	switch op {
	case "session":
		return s.session(ctx, in.Email, in.Password)
	case "keep-password":
		return nil, s.exec(ctx, `UPDATE logins SET must_change = false WHERE id = $1`, in.Login)
	case "sign-on-as":
		s.issuer.QueueUser(&mockoidc.MockUser{Subject: in.Email, Email: in.Email, EmailVerified: true})
		return nil, nil
	case "print":
		sc.t.Log("figure:", in.Text) // the test run shows it
		return nil, nil
	case "tone":
		return sc.tone(in.Hz, in.Seconds)
	case "other-carrier":
		return s.otherCarrier(sc)
	case "trunks":
		return s.trunks(ctx)
	case "past":
		return nil, s.past(ctx, int64(in.Account), in.Queue, in.Number, in.Agents)
	case "phone":
		return s.phone(ctx, sc, in.Name, in.Password)
	case "dial":
		return s.dial(ctx, sc, in)
	case "incoming":
		return s.incoming(ctx, sc, in)
	case "quiet":
		p, err := sc.phone(in.Phone)
		if err != nil {
			return nil, err
		}
		return nil, p.NoIncoming(ctx, time.Duration(in.MS)*time.Millisecond)
	}
	c, err := sc.call(in.Call)
	if err != nil {
		return nil, err
	}
	switch op {
	case "answer":
		return nil, c.Answer(ctx)
	case "hangup":
		return nil, c.Hangup(ctx)
	case "ringing":
		return nil, c.WaitRinging(ctx)
	case "answered":
		return nil, c.WaitAnswered(ctx)
	case "ended":
		return nil, c.WaitEnded(ctx)
	case "press":
		return nil, c.SendDTMF(ctx, in.Digits)
	case "hum":
		c.Play(phone.Tone(in.Hz))
		return nil, nil
	case "hear":
		return nil, heard(c, c.HearsOnly(ctx, in.Hz))
	case "hear-amid":
		return nil, heard(c, c.Hears(ctx, in.Hz))
	case "hear-sound":
		return nil, heard(c, c.HearsSound(ctx))
	case "display":
		i := c.RemoteIdentity()
		return map[string]string{"name": i.Name, "number": i.Number}, nil
	case "status":
		return c.EndReason().Code, nil
	}
	return nil, errors.New("there is no such operation")
}

// heard adds what was heard instead.
func heard(c *phone.Call, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w; heard %s", err, c.Heard())
}

func (s *stage) exec(ctx context.Context, sql string, args ...any) error {
	db, err := pgx.Connect(ctx, s.PG.DSN(""))
	if err != nil {
		return err
	}
	_, err = db.Exec(ctx, sql, args...)
	return errors.Join(err, db.Close(ctx))
}

// session logs in, each time from another address, since those of one address must wait after some, and returns the cookie.
func (s *stage) session(ctx context.Context, email, password string) (string, error) {
	b, err := json.Marshal(map[string]string{"email": email, "password": password})
	if err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.API+"/api/v1/session", bytes.NewReader(b))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/json")
	from := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 71, 1, byte(1+s.logIns.Add(1)%250))}}
	client := http.Client{Transport: &http.Transport{DialContext: from.DialContext, DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusCreated {
		b, _ := io.ReadAll(resp.Body) // says why
		return "", fmt.Errorf("log in: %s %s", resp.Status, b)
	}
	cookie, _, _ := strings.Cut(resp.Header.Get("Set-Cookie"), ";")
	return cookie, nil
}

// transcribe is the server that makes text of speech: whatever it hears are the same words.
func transcribe(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	_, _ = io.WriteString(w, `{"text": "Please call the office tomorrow.", "segments": [{"start": 0.5, "text": "Please call the office tomorrow."}]}`)
}

// tone writes a WAV file that hums.
func (sc *scene) tone(hz float64, seconds int) (string, error) {
	pcm := make([]int16, seconds*tone.Rate)
	tone.NewGenerator(tone.DefaultLevel, hz).Read(pcm)
	sc.mu.Lock()
	defer sc.mu.Unlock()
	sc.tones++
	path := filepath.Join(sc.dir, fmt.Sprintf("tone-%d-%g.wav", sc.tones, hz))
	return path, tone.WriteWAV(path, pcm)
}
