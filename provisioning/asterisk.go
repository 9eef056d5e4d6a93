package provisioning

import (
	"io"
	"net/http"
	"strings"

	asteriskconf "callplane/asterisk-conf"
)

// Asterisk answers what res_config_curl asks about SIP accounts: POST /<class>/single with
// the form value id, class being endpoint, auth or aor. An empty answer is "not found".
type Asterisk struct {
	Lookup Lookup
	// Domain is the part after the @ of every id and the realm of the digest challenge
	// (sip.domain). Empty: any domain is taken.
	Domain string
	// MaxRegistrations of one channel at a time; 0: 10.
	MaxRegistrations int
	// Refused is told each refusal, if not nil. Asterisk asks several times about one request,
	// and so tells one attempt up to three times; questions without a domain do not count.
	Refused func(Refusal)
}

// ServeHTTP implements http.Handler.
func (h *Asterisk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "POST is expected", http.StatusMethodNotAllowed)
		return
	}
	class, op, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch class {
	case "endpoint", "auth", "aor":
	default:
		http.NotFound(w, r)
		return
	}
	if op != "single" {
		return // lists, updates, required columns: there is nothing, and nothing is wrong
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	why := ReasonMalformed
	var answer, user string
	if err := r.ParseForm(); err == nil && len(r.PostForm) == 1 && len(r.PostForm["id"]) == 1 {
		answer, user, why = h.answer(class, r.PostForm.Get("id"))
	}
	if why == "" {
		_, _ = io.WriteString(w, answer) // the engine went away: nothing to tell anybody
		return
	}
	if h.Refused != nil && class == "endpoint" && !bare(r.PostForm["id"]) {
		h.Refused(Refusal{User: user, Reason: why})
	}
}

// bare is a question for a user without domain, asked when user@domain was not found.
func bare(id []string) bool { return len(id) == 1 && !strings.Contains(id[0], "@") }

func (h *Asterisk) answer(class, id string) (answer, user string, why Reason) {
	user, domain, ok := strings.Cut(id, "@")
	if !ok || user == "" || domain == "" {
		return "", id, ReasonMalformed
	}
	if h.Domain != "" && !strings.EqualFold(domain, h.Domain) {
		return "", user, ReasonWrongDomain
	}
	a, ch := h.Lookup(user)
	// The transport is not told; the engine keeps a Secure account to SRTP.
	if why := admit(a, ch, "tls"); why != "" {
		return "", user, why
	}
	acc := asteriskconf.Account{
		ID: id, Username: ch.Name, Password: ch.Password, Realm: domain,
		Secure: ch.Secure, MaxContacts: h.MaxRegistrations,
	}
	return acc.Answer(class), user, ""
}
