package provisioning

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/xml"
	"io"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"callplane/dialplan"
)

// FreeSWITCH answers mod_xml_curl's questions about SIP users (section directory, action
// sip_auth). Others go to Next.
//
// mod_sofia lets a user in whose document has neither password nor a1-hash, or no params:
// every answer has an a1-hash, or is "not found".
type FreeSWITCH struct {
	Lookup Lookup
	// Domain is the domain and realm of all users (sip.domain). Empty: any realm is taken.
	Domain string
	// Context of the dialplan for calls of phones; empty: the SIP profile's.
	Context string
	// Variables are set on every leg of a phone that authenticated, besides callplane_account,
	// dtmf_type and, for Secure channels, rtp_secure_media=mandatory.
	Variables map[string]string
	// MaxRegistrations of one channel at a time; 0: 10.
	MaxRegistrations int
	// Refused is told each refusal, if not nil; it must return quickly.
	Refused func(Refusal)
	// Next answers everything else (dialplan, gateways); nil: "not found".
	Next http.Handler
}

// VariableAccount is the channel variable with the account's id.
const VariableAccount = "callplane_account"

// maxForm is far above what mod_xml_curl sends for one request.
const maxForm = 256 << 10

// ServeHTTP implements http.Handler.
func (f *FreeSWITCH) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "POST is expected", http.StatusMethodNotAllowed)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if t, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); t != "application/x-www-form-urlencoded" {
		http.Error(w, "a form is expected", http.StatusUnsupportedMediaType)
		return
	}
	err := r.ParseForm()
	form := r.PostForm
	if form.Get("section") != "directory" || form.Get("action") != "sip_auth" {
		// Two values would leave it to chance who answers what.
		if f.Next != nil && err == nil && len(form["section"]) == 1 && len(form["action"]) <= 1 {
			f.Next.ServeHTTP(w, r)
			return
		}
		notFound(w)
		return
	}
	refusal := Refusal{
		User:      form.Get("user"),
		Transport: form.Get("sip_via_protocol"),
		Method:    form.Get("sip_auth_method"),
	}
	refusal.Addr, _ = netip.ParseAddr(form.Get("ip"))
	refusal.Addr = refusal.Addr.Unmap()

	if err != nil || duplicates(form) {
		refusal.Reason = ReasonMalformed
	} else {
		var doc []byte
		if doc, refusal.Reason = f.answer(form); refusal.Reason == "" {
			writeXML(w, doc)
			return
		}
	}
	if f.Refused != nil {
		f.Refused(refusal)
	}
	notFound(w)
}

// duplicates finds a parameter that is there twice: key_value is not encoded and may hold
// the realm that a stranger sent, "&user=…" included. X- headers of the SIP request are
// passed on by name and may repeat.
func duplicates(form url.Values) bool {
	for name, values := range form {
		if len(values) > 1 && !strings.HasPrefix(strings.ToUpper(name), "X-") {
			return true
		}
	}
	return false
}

func (f *FreeSWITCH) answer(form url.Values) ([]byte, Reason) {
	user, domain, realm := form.Get("user"), form.Get("domain"), form.Get("sip_auth_realm")
	if user == "" || domain == "" || realm == "" || user != form.Get("sip_auth_username") {
		return nil, ReasonMalformed
	}
	if f.Domain != "" && (!strings.EqualFold(domain, f.Domain) || !strings.EqualFold(realm, f.Domain)) {
		return nil, ReasonWrongDomain
	}
	if form.Get("sip_auth_method") == "REGISTER" && form.Get("sip_to_user") != user {
		return nil, ReasonOtherUser
	}
	// What is watched is shown to who is in From: nobody subscribes in another's name.
	if form.Get("sip_auth_method") == "SUBSCRIBE" && form.Get("sip_from_user") != user {
		return nil, ReasonOtherUser
	}
	a, ch := f.Lookup(user)
	if why := admit(a, ch, form.Get("sip_via_protocol")); why != "" {
		return nil, why
	}
	return f.document(a, ch, domain, realm)
}

type fsDocument struct {
	XMLName xml.Name  `xml:"document"`
	Type    string    `xml:"type,attr"`
	Section fsSection `xml:"section"`
}

type fsSection struct {
	Name   string    `xml:"name,attr"`
	Result *fsResult `xml:"result,omitempty"`
	Domain *fsDomain `xml:"domain,omitempty"`
}

type fsResult struct {
	Status string `xml:"status,attr"`
}

type fsDomain struct {
	Name string `xml:"name,attr"`
	User fsUser `xml:"groups>group>users>user"`
}

type fsUser struct {
	ID        string   `xml:"id,attr"`
	Params    []fsPair `xml:"params>param"`
	Variables []fsPair `xml:"variables>variable"`
}

type fsPair struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

func (f *FreeSWITCH) document(a *dialplan.Account, ch *dialplan.Channel, domain, realm string) ([]byte, Reason) {
	regs := f.MaxRegistrations
	if regs <= 0 {
		regs = 10
	}
	// MD5 is what digest authentication of SIP is built on (RFC 3261, 22.4).
	sum := md5.Sum([]byte(ch.Name + ":" + realm + ":" + ch.Password))
	u := fsUser{
		ID: ch.Name,
		Params: []fsPair{
			{"a1-hash", hex.EncodeToString(sum[:])},
			{"allow-empty-password", "false"},
			{"max-registrations-per-extension", strconv.Itoa(regs)},
		},
		Variables: []fsPair{{VariableAccount, strconv.FormatInt(int64(a.ID), 10)}},
	}
	add := func(name, value string) { u.Variables = append(u.Variables, fsPair{name, value}) }
	switch ch.DTMF {
	case dialplan.DTMFInfo:
		add("dtmf_type", "info")
	default:
		add("dtmf_type", "rfc2833")
	}
	if ch.Secure {
		add("rtp_secure_media", "mandatory")
	}
	if f.Context != "" {
		add("user_context", f.Context)
	}
	for name, value := range f.Variables {
		add(name, value)
	}
	var b bytes.Buffer
	b.WriteString(xml.Header)
	doc := fsDocument{Type: "freeswitch/xml", Section: fsSection{Name: "directory", Domain: &fsDomain{Name: domain, User: u}}}
	if err := xml.NewEncoder(&b).Encode(doc); err != nil {
		return nil, ReasonMalformed
	}
	return b.Bytes(), ""
}

// NotFound is the document that says: look no further.
const NotFound = xml.Header + `<document type="freeswitch/xml"><section name="result"><result status="not found"></result></section></document>` + "\n"

// notFound is answered with 200: FreeSWITCH takes any other status for an outage.
func notFound(w http.ResponseWriter) { writeXML(w, []byte(NotFound)) }

func writeXML(w http.ResponseWriter, doc []byte) {
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = io.Copy(w, bytes.NewReader(doc)) // the engine went away: nothing to tell anybody
}
