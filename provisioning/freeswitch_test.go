package provisioning

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"callplane/dialplan"
)

const domain = "sip.example.com"

func directory() Lookup {
	chans := map[string]*dialplan.Channel{
		"alice":       {Name: "alice", Password: "s3cret", Enabled: true, DTMF: dialplan.DTMFRFC4733},
		"info":        {Name: "info", Password: "x", Enabled: true, DTMF: dialplan.DTMFInfo},
		"off":         {Name: "off", Password: "x"},
		"secure":      {Name: "secure", Password: "x", Enabled: true, Secure: true},
		"nopass":      {Name: "nopass", Enabled: true},
		`a<"&'>b`:     {Name: `a<"&'>b`, Password: `p<"&'>`, Enabled: true},
		"suspended-1": {Name: "suspended-1", Password: "x", Enabled: true},
	}
	on := &dialplan.Account{ID: 42, Enabled: true, Channels: chans}
	return func(user string) (*dialplan.Account, *dialplan.Channel) {
		ch := chans[user]
		switch {
		case ch == nil:
			return nil, nil
		case strings.HasPrefix(user, "suspended"):
			return &dialplan.Account{ID: 43, Channels: chans}, ch
		}
		return on, ch
	}
}

// question is what mod_xml_curl sends for a REGISTER.
func question(user string, change ...string) url.Values {
	v := url.Values{
		"hostname": {"fs"}, "section": {"directory"}, "tag_name": {"domain"}, "key_name": {"name"}, "key_value": {domain},
		"action": {"sip_auth"}, "sip_profile": {"internal"}, "sip_auth_username": {user}, "sip_auth_realm": {domain},
		"sip_auth_method": {"REGISTER"}, "sip_to_user": {user}, "sip_via_protocol": {"udp"}, "key": {"id"},
		"user": {user}, "domain": {domain}, "ip": {"203.0.113.5"},
	}
	for i := 0; i+1 < len(change); i += 2 {
		if change[i+1] == "" {
			v.Del(change[i])
			continue
		}
		v[change[i]] = strings.Split(change[i+1], "|")
	}
	return v
}

type reply struct {
	Section struct {
		Result struct {
			Status string `xml:"status,attr"`
		} `xml:"result"`
		Domain struct {
			Name  string `xml:"name,attr"`
			Users []struct {
				ID     string `xml:"id,attr"`
				Params []struct {
					Name  string `xml:"name,attr"`
					Value string `xml:"value,attr"`
				} `xml:"params>param"`
				Variables []struct {
					Name  string `xml:"name,attr"`
					Value string `xml:"value,attr"`
				} `xml:"variables>variable"`
			} `xml:"groups>group>users>user"`
		} `xml:"domain"`
	} `xml:"section"`
}

func ask(t *testing.T, h http.Handler, body string) (*httptest.ResponseRecorder, reply) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	var out reply
	if w.Code == 200 {
		if err := xml.Unmarshal(w.Body.Bytes(), &out); err != nil {
			t.Fatalf("%v in %s", err, w.Body)
		}
	}
	return w, out
}

func TestFreeSWITCHDirectoryAnswers(t *testing.T) {
	h := &FreeSWITCH{Lookup: directory(), Domain: domain, Context: "callplane-phones",
		Refused: func(r Refusal) { t.Errorf("refused: %+v", r) }}
	for _, tc := range []struct {
		user, password, transport string
		vars                      map[string]string
	}{
		{"alice", "s3cret", "udp", map[string]string{"callplane_account": "42", "dtmf_type": "rfc2833", "user_context": "callplane-phones"}},
		{"info", "x", "tcp", map[string]string{"callplane_account": "42", "dtmf_type": "info", "user_context": "callplane-phones"}},
		{"secure", "x", "tls", map[string]string{"callplane_account": "42", "dtmf_type": "rfc2833", "rtp_secure_media": "mandatory", "user_context": "callplane-phones"}},
		{`a<"&'>b`, `p<"&'>`, "udp", map[string]string{"callplane_account": "42", "dtmf_type": "rfc2833", "user_context": "callplane-phones"}},
	} {
		_, got := ask(t, h, question(tc.user, "sip_via_protocol", tc.transport, "X-Twice", "a|b").Encode())
		if len(got.Section.Domain.Users) != 1 || got.Section.Domain.Name != domain {
			t.Fatalf("%s: %+v", tc.user, got)
		}
		u := got.Section.Domain.Users[0]
		params := make(map[string]string)
		for _, p := range u.Params {
			params[p.Name] = p.Value
		}
		sum := md5.Sum([]byte(tc.user + ":" + domain + ":" + tc.password))
		if u.ID != tc.user || params["a1-hash"] != hex.EncodeToString(sum[:]) || params["allow-empty-password"] != "false" ||
			params["max-registrations-per-extension"] != "10" {
			t.Errorf("%s: %+v", tc.user, u)
		}
		if len(u.Variables) != len(tc.vars) {
			t.Errorf("%s: %+v", tc.user, u.Variables)
		}
		for _, v := range u.Variables {
			if tc.vars[v.Name] != v.Value {
				t.Errorf("%s: %s = %q", tc.user, v.Name, v.Value)
			}
		}
	}
}

func TestFreeSWITCHDirectoryRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		form url.Values
		want Reason
	}{
		"unknown user":            {question("nobody"), ReasonUnknown},
		"other case":              {question("Alice"), ReasonUnknown},
		"disabled channel":        {question("off"), ReasonChannelDisabled},
		"disabled account":        {question("suspended-1"), ReasonAccountDisabled},
		"no password":             {question("nopass"), ReasonNoPassword},
		"secure over UDP":         {question("secure"), ReasonInsecure},
		"secure over TCP":         {question("secure", "sip_via_protocol", "tcp"), ReasonInsecure},
		"secure, INVITE":          {question("secure", "sip_auth_method", "INVITE"), ReasonInsecure},
		"secure, unsaid":          {question("secure", "sip_via_protocol", ""), ReasonInsecure},
		"other domain":            {question("alice", "domain", "evil.example"), ReasonWrongDomain},
		"other realm":             {question("alice", "sip_auth_realm", "evil.example"), ReasonWrongDomain},
		"someone else's AOR":      {question("alice", "sip_to_user", "bob"), ReasonOtherUser},
		"watches as another":      {question("alice", "sip_auth_method", "SUBSCRIBE", "sip_to_user", "101", "sip_from_user", "bob"), ReasonOtherUser},
		"watches as nobody":       {question("alice", "sip_auth_method", "SUBSCRIBE", "sip_to_user", "101"), ReasonOtherUser},
		"two users":               {question("alice", "user", "alice|bob"), ReasonMalformed},
		"two actions":             {question("alice", "action", "sip_auth|other"), ReasonMalformed},
		"user twice the same":     {question("alice", "user", "alice|alice"), ReasonMalformed},
		"user and auth differ":    {question("alice", "sip_auth_username", "bob"), ReasonMalformed},
		"no user":                 {question("alice", "user", ""), ReasonMalformed},
		"no realm":                {question("alice", "sip_auth_realm", ""), ReasonMalformed},
		"200 characters of zalgo": {question(strings.Repeat("é̶", 100)), ReasonUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			var got []Refusal
			h := &FreeSWITCH{Lookup: directory(), Domain: domain, Refused: func(r Refusal) { got = append(got, r) }}
			w, doc := ask(t, h, tc.form.Encode())
			if w.Code != 200 || doc.Section.Result.Status != "not found" || len(doc.Section.Domain.Users) != 0 {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			if len(got) != 1 || got[0].Reason != tc.want || got[0].Addr != addr("203.0.113.5") {
				t.Errorf("%+v, want %s", got, tc.want)
			}
		})
	}
}

// key_value is the realm as a stranger sent it, without encoding.
func TestFreeSWITCHRealmInjection(t *testing.T) {
	for _, realm := range []string{
		domain + "&user=alice&sip_auth_username=alice", "x&section=dialplan", "x&action=other", "a;b", "%zz", "x&domain=" + domain,
	} {
		refused := 0
		h := &FreeSWITCH{Lookup: directory(), Refused: func(Refusal) { refused++ },
			Next: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Errorf("%q reached the next handler", realm) })}
		rest := question("off", "sip_auth_realm", realm)
		rest.Del("key_value")
		_, doc := ask(t, h, "hostname=fs&section=directory&tag_name=domain&key_name=name&key_value="+realm+"&"+rest.Encode())
		if doc.Section.Result.Status != "not found" {
			t.Errorf("%q is answered", realm)
		}
	}
}

func TestFreeSWITCHOtherQuestions(t *testing.T) {
	for name, form := range map[string]url.Values{
		"phrases":         {"section": {"phrases"}},
		"configuration":   {"section": {"configuration"}, "key_value": {"acl.conf"}},
		"reverse look-up": question("alice", "action", "reverse-auth-lookup"),
		"no action":       question("alice", "action", ""),
		"gateways":        {"section": {"directory"}, "purpose": {"gateways"}},
		"nothing":         {},
	} {
		_, doc := ask(t, &FreeSWITCH{Lookup: directory()}, form.Encode())
		if doc.Section.Result.Status != "not found" {
			t.Errorf("%s is answered", name)
		}
	}
	h := &FreeSWITCH{Lookup: directory(), Next: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "<document><section name='"+r.PostForm.Get("section")+"'><result status='next'/></section></document>")
	})}
	if _, doc := ask(t, h, "section=dialplan&Caller-Destination-Number=100"); doc.Section.Result.Status != "next" {
		t.Error("the dialplan question does not reach its handler")
	}
	r := httptest.NewRequest(http.MethodGet, "/?"+question("alice").Encode(), nil)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", w.Code)
	}
	w, _ = ask(t, h, "section=directory&action=sip_auth&x="+strings.Repeat("x", maxForm))
	if !strings.Contains(w.Body.String(), "not found") {
		t.Errorf("too long: %d", w.Code)
	}
}

func TestProtect(t *testing.T) {
	inner := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.URL.Path) })
	for _, tc := range []struct {
		path, from string
		remote     bool
		want       int
	}{
		{"/t0ken/freeswitch", "127.0.0.1:4000", false, 200},
		{"/t0ken/freeswitch", "[::1]:4000", false, 200},
		{"/t0ken/freeswitch", "[::ffff:127.0.0.1]:4000", false, 200},
		{"/t0ken/freeswitch", "10.0.0.1:4000", false, 404},
		{"/t0ken/freeswitch", "10.0.0.1:4000", true, 200},
		{"/t0ken/freeswitch", "@", false, 404},
		{"/t0ke/freeswitch", "127.0.0.1:4000", false, 404},
		{"/freeswitch", "127.0.0.1:4000", true, 404},
		{"//freeswitch", "127.0.0.1:4000", true, 404},
		{"/", "127.0.0.1:4000", true, 404},
	} {
		r := httptest.NewRequest(http.MethodPost, tc.path, nil)
		r.RemoteAddr = tc.from
		w := httptest.NewRecorder()
		Protect("t0ken", tc.remote, inner).ServeHTTP(w, r)
		if w.Code != tc.want || (w.Code == 200 && w.Body.String() != "/freeswitch") {
			t.Errorf("%+v: %d %s", tc, w.Code, w.Body)
		}
	}
	w := httptest.NewRecorder()
	Protect("", true, inner).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "//freeswitch", nil))
	if w.Code != 404 {
		t.Error("an empty token opens the door")
	}
}

// Whatever a stranger gets into the question: an answer is a whole document, and lets
// nobody in without a password.
func FuzzFreeSWITCH(f *testing.F) {
	f.Add(question("alice").Encode())
	f.Add("hostname=fs&section=directory&key_value=x&user=alice&" + question("off").Encode())
	f.Add("section=directory&action=sip_auth&user=%00&domain=%ff&sip_auth_realm=]]>&sip_auth_username=%00")
	f.Fuzz(func(t *testing.T, form string) {
		h := &FreeSWITCH{Lookup: func(user string) (*dialplan.Account, *dialplan.Channel) {
			return &dialplan.Account{ID: 1, Enabled: true}, &dialplan.Channel{Name: user, Password: "x", Enabled: true}
		}}
		w, doc := ask(t, h, form)
		if w.Code != 200 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		users := doc.Section.Domain.Users
		if (len(users) == 0) != (doc.Section.Result.Status == "not found") {
			t.Fatalf("neither answer nor refusal: %s", w.Body)
		}
		for _, u := range users {
			ok := false
			for _, p := range u.Params {
				ok = ok || p.Name == "a1-hash" && len(p.Value) == 32
			}
			if !ok {
				t.Fatalf("a user without a password: %s", w.Body)
			}
			v, err := url.ParseQuery(form)
			if err != nil || len(v["user"]) != 1 || len(v["domain"]) != 1 {
				t.Fatalf("answered an ambiguous question: %q", form)
			}
		}
	})
}
