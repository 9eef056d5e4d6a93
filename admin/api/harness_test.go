package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"callplane/dialplan"
	"callplane/media"
	"callplane/media/audio"
	"callplane/store"
	"callplane/store/pgtest"
)

// world is an API over a database with two accounts that have one of everything.
type world struct {
	t                *testing.T
	h                http.Handler
	db               *store.DB
	raw              *pgxpool.Pool // the superuser's
	operator         string
	talking          map[uuid.UUID]dialplan.AccountID // calls with a bot
	events           desks
	a, b             company
	audio            string // folder of voicemail messages
	recorded         string // folder of recordings
	changed, removed int
	board            func(context.Context) bool // whether a stream of boards goes on; nil: it does not
}

type company struct {
	id              int64
	admin, readonly string            // tokens
	params          map[string]string // of paths
}

type body = map[string]any

// newWorld makes it; without companies there is only the operator.
func newWorld(t *testing.T, companies bool) *world {
	t.Helper()
	w := &world{t: t, talking: map[uuid.UUID]dialplan.AccountID{}}
	w.db, w.raw = pgtest.Store(t)
	library, err := media.Open(t.TempDir(), "en")
	if err != nil {
		t.Fatal(err)
	}
	w.audio, w.recorded = t.TempDir(), t.TempDir()
	w.h = New(Config{
		Return: func(_ context.Context, id dialplan.AccountID, call uuid.UUID, _ string) bool {
			return w.talking[call] == id
		},
		DB: w.db, Audio: audio.New(library, w.db), Log: slog.New(slog.NewTextHandler(io.Discard, nil)), MaxBody: 256 << 10,
		Live: func(id dialplan.AccountID) []LiveCall {
			return []LiveCall{{ID: fmt.Sprintf("live-of-%d", id), Direction: "inbound", Started: time.Unix(0, 0)}}
		},
		Company: func(id dialplan.AccountID) *dialplan.Account {
			a, err := w.db.LoadAccount(t.Context(), id)
			if err != nil {
				t.Error(err)
			}
			return a
		},
		Simulate: func(context.Context, dialplan.AccountID, SimulationInput) (*Simulation, error) {
			return &Simulation{Outcome: "ends", Steps: []SimulationStep{}}, nil
		},
		Voicemail: VoicemailFiles{
			Audio: func(id dialplan.AccountID, m uuid.UUID) string {
				return filepath.Join(w.audio, fmt.Sprint(id), m.String()+".wav")
			},
			Changed:      func(dialplan.AccountID, int64) { w.changed++ },
			Removed:      func(dialplan.AccountID, store.VoicemailMessage) { w.removed++ },
			DropGreeting: func(dialplan.AccountID, string) {},
		},
		Recordings: w.recordingFiles(),
		Registrations: func(id dialplan.AccountID) []Registration {
			return []Registration{{Channel: fmt.Sprintf("phone-%d", id), Engine: "fs1", Expires: time.Unix(0, 0)}}
		},
		QueueBoard: func(ctx context.Context, _ dialplan.AccountID, queue int64) (QueueBoard, bool) {
			_, streams := ctx.Deadline() // a stream ends at once
			return QueueBoard{Queue: fmt.Sprint(queue)}, !streams || w.board != nil && w.board(ctx)
		},
		Events: func(id dialplan.AccountID, user string) (EventStream, error) { return w.events.open(id, user) },
	})
	token, err := CreateOperator(t.Context(), w.db, "test")
	if err != nil {
		t.Fatal(err)
	}
	w.operator = token
	if companies {
		w.a, w.b = w.company("Alpha"), w.company("Beta")
	}
	return w
}

// reply of a request.
type reply struct {
	t      *testing.T
	what   string
	status int
	header http.Header
	raw    []byte
	body   body
}

func (w *world) do(token, method, path string, in any, header ...string) reply {
	w.t.Helper()
	var r io.Reader
	switch v := in.(type) {
	case nil:
	case string:
		r = strings.NewReader(v)
	default:
		b, err := json.Marshal(in)
		if err != nil {
			w.t.Fatal(err)
		}
		r = bytes.NewReader(b)
	}
	req := httptest.NewRequest(method, Prefix+path, r).WithContext(w.t.Context())
	if r != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	w.h.ServeHTTP(rec, req)
	out := reply{t: w.t, what: method + " " + path, status: rec.Code, header: rec.Header(), raw: rec.Body.Bytes()}
	if len(out.raw) > 0 && strings.Contains(rec.Header().Get("Content-Type"), "json") {
		if err := json.Unmarshal(out.raw, &out.body); err != nil {
			w.t.Fatalf("%s: %v in %s", out.what, err, out.raw)
		}
	}
	return out
}

// want checks the status; a problem document must come with every error.
func (r reply) want(status int) reply {
	r.t.Helper()
	if r.status != status {
		r.t.Fatalf("%s: %d, want %d: %s", r.what, r.status, status, r.raw)
	}
	if status >= 400 && (r.header.Get("Content-Type") != "application/problem+json" || r.body["status"] != float64(status)) {
		r.t.Fatalf("%s: no problem document: %s %s", r.what, r.header.Get("Content-Type"), r.raw)
	}
	return r
}

// names tells that an error is about a field, by its location, or by its parent's and its name.
func (r reply) names(path string) bool {
	parent, last := "body", strings.TrimPrefix(path, "body.")
	if i := strings.LastIndex(path, "."); i > 0 {
		parent, last = path[:i], path[i+1:]
	}
	errs, _ := r.body["errors"].([]any)
	for _, e := range errs {
		m, _ := e.(body)
		if m["location"] == path {
			return true
		}
		if msg, _ := m["message"].(string); m["location"] == parent && strings.Contains(msg, last) {
			return true
		}
	}
	return false
}

func (r reply) str(key string) string { s, _ := r.body[key].(string); return s }
func (r reply) num(key string) int64  { f, _ := r.body[key].(float64); return int64(f) }

func (r reply) items() []body {
	var out []body
	list, _ := r.body["items"].([]any)
	for _, i := range list {
		out = append(out, i.(body))
	}
	return out
}

// company makes an account with one of everything.
func (w *world) company(name string) company {
	w.t.Helper()
	op := w.operator
	c := company{}
	c.id = w.do(op, "POST", "/accounts", body{"name": name, "country": "NL", "extension_length": 3}).want(201).num("id")
	p := fmt.Sprintf("/accounts/%d", c.id)
	c.admin = w.do(op, "POST", p+"/tokens", body{"name": name + " admin", "role": "admin"}).want(201).str("token")
	ro := w.do(op, "POST", p+"/tokens", body{"name": name + " readonly", "role": "readonly"}).want(201)
	c.readonly = ro.str("token")
	spare := w.do(op, "POST", p+"/tokens", body{"name": name + " spare", "role": "admin"}).want(201)

	if _, err := w.raw.Exec(w.t.Context(), `INSERT INTO media (account_id, key, name) VALUES ($1, 'welcome', 'Welcome')`, c.id); err != nil {
		w.t.Fatal(err)
	}
	recording := fmt.Sprintf("hello-%d", c.id)
	w.do(op, "POST", p+"/audio?name=Hello&key="+recording, string(wav(time.Second, 440))).want(201)
	number, phone := fmt.Sprintf("+3120%07d", 1000000+c.id), fmt.Sprintf("phone-%d", c.id)
	w.do(op, "POST", p+"/extensions", body{"number": "101", "name": "Ann", "kind": "user"}).want(201)
	w.do(op, "POST", p+"/extensions", body{"number": fmt.Sprint(200 + c.id), "name": "Sales", "kind": "group", "group": body{"members": []string{"101"}}}).want(201)
	w.do(op, "POST", p+"/extensions", body{"number": fmt.Sprint(690 + c.id), "name": "Where", "kind": "location", "location": body{"by": "area_code", "fallback": "+31201234567"}}).want(201)
	w.do(op, "POST", p+"/extensions", body{"number": fmt.Sprint(900 + c.id), "name": "Bo", "kind": "user"}).want(201)
	w.do(op, "POST", p+"/extensions", body{"number": fmt.Sprint(640 + c.id), "name": "Help", "kind": "queue", "queue": body{"strategy": "longest_idle",
		"members": []body{{"extension": "101"}}}}).want(201)
	box := fmt.Sprint(700 + c.id)
	boxID := w.do(op, "POST", p+"/extensions", body{"number": box, "name": "Box", "kind": "voicemail", "voicemail": body{"pin": "4711"}}).want(201).num("id")
	message := w.message(dialplan.AccountID(c.id), boxID)
	privacy := w.do(op, "POST", p+"/privacy-groups", body{"name": "Reception", "members": []string{"101"}}).want(201).num("id")
	w.do(op, "POST", p+"/channels", body{"name": phone, "user": "101"}).want(201)
	w.do(op, "POST", p+"/numbers", body{"number": number}).want(201)
	scheme := w.do(op, "POST", p+"/schemes", body{"name": "Second of " + name}).want(201).num("id")
	plan := w.do(op, "POST", fmt.Sprintf("%s/schemes/%d/plans", p, scheme), body{"number": 7, "name": "Open",
		"entries": []body{{"number": number, "destination": "101"}}}).want(201)
	w.do(op, "POST", "/trunks", body{"name": "carrier-" + name, "account": c.id, "country": "NL", "host": "192.0.2.1"}).want(201)
	partner := w.do(op, "POST", "/partners", body{"name": "Partner of " + name}).want(201).num("id")
	person := w.do(op, "POST", "/logins", body{"email": "boss@" + strings.ToLower(name) + ".example", "name": "Boss", "role": "partner", "partner": partner}).want(201).num("id")
	login := w.do(op, "POST", p+"/logins", body{"email": "ann@" + strings.ToLower(name) + ".example", "name": "Ann", "role": "user", "user": "101"}).want(201).num("id")
	call := uuid.New()
	w.talking[call] = dialplan.AccountID(c.id)
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	if err := w.db.Platform(w.t.Context(), func(tx *store.Tx) error {
		_, err := tx.InsertCalls(w.t.Context(), []store.CallRecord{{
			ID: call, AccountID: dialplan.AccountID(c.id), Direction: store.CallInbound, CallerNumber: "+31612345678", Dialed: number,
			Started: now, Answered: now.Add(5 * time.Second), Ended: now.Add(time.Minute), Cause: "normal",
			Legs:  []store.LegRecord{{ID: "leg-1", Engine: "fs1", Direction: store.LegInbound, Started: now, Ended: now.Add(time.Minute), Cause: "normal"}},
			Trace: []store.TraceStep{{At: now, Step: "inbound", Reason: "plan Open"}},
		}})
		return err
	}); err != nil {
		w.t.Fatal(err)
	}
	w.do(op, "POST", p+"/sftp-users", body{"name": fmt.Sprintf("fetcher-%d", c.id)}).want(201)
	recorded := w.recording(dialplan.AccountID(c.id), "101", call, now)
	sim, order := w.ordered(c.id)
	c.params = map[string]string{
		"order": order, "sim": sim(2), "free-sim": sim(1), "item": "starter",
		"result":    w.memo(dialplan.AccountID(c.id), "101", now.AddDate(0, 0, -1)).ID.String(),
		"recording": recorded.ID.String(), "export": w.export(dialplan.AccountID(c.id)).String(), "sftp": fmt.Sprintf("fetcher-%d", c.id),
		"account": fmt.Sprint(c.id), "extension": fmt.Sprint(200 + c.id), "channel": phone, "number": number,
		"scheme": fmt.Sprint(scheme), "plan": fmt.Sprint(plan.num("number")), "call": call.String(), "token": fmt.Sprint(spare.num("id")),
		"partner": fmt.Sprint(partner), "person": fmt.Sprint(person), "login": fmt.Sprint(login),
		"trunk": "carrier-" + name, "privacy": fmt.Sprint(privacy), "location": fmt.Sprint(690 + c.id), "user": fmt.Sprint(900 + c.id),
		"queue": fmt.Sprint(640 + c.id), "agent": "101",
		"audio": recording,
		"box":   box, "message": message.String(),
	}
	return c
}

// message leaves one in a voicemail box.
func (w *world) message(account dialplan.AccountID, box int64) uuid.UUID {
	w.t.Helper()
	m := store.VoicemailMessage{ID: uuid.New(), Box: box, At: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC), Number: "+31612345678", Duration: 2500 * time.Millisecond}
	if err := w.db.AddVoicemail(w.t.Context(), account, m, nil); err != nil {
		w.t.Fatal(err)
	}
	file := filepath.Join(w.audio, fmt.Sprint(account), m.ID.String()+".wav")
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte("RIFF of "+m.ID.String()), 0o600)); err != nil {
		w.t.Fatal(err)
	}
	return m.ID
}

// fill puts parameters into a path of the OpenAPI document.
func fill(t *testing.T, path string, params map[string]string) string {
	t.Helper()
	path = strings.TrimPrefix(path, Prefix)
	for name, value := range params {
		path = strings.ReplaceAll(path, "{"+name+"}", strings.ReplaceAll(value, "+", "%2B"))
	}
	if strings.Contains(path, "{") {
		t.Fatalf("%s has a parameter that no test knows", path)
	}
	return path
}
