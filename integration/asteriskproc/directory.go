package asteriskproc

import (
	"net/http"
	"strings"
	"sync"

	asteriskconf "callplane/asterisk-conf"
)

// Directory stands in for the controller's answers about SIP accounts.
type Directory struct {
	mu       sync.Mutex
	accounts map[string]asteriskconf.Account
	asked    []string
}

// Set adds or replaces an account.
func (d *Directory) Set(a asteriskconf.Account) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.accounts == nil {
		d.accounts = map[string]asteriskconf.Account{}
	}
	d.accounts[a.ID] = a
}

// Remove makes an account unknown.
func (d *Directory) Remove(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.accounts, id)
}

// Asked returns the requests so far, "class/kind id".
func (d *Directory) Asked() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.asked...)
}

// ServeHTTP answers POST <prefix>/<class>/single.
func (d *Directory) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if len(parts) < 2 || r.ParseForm() != nil {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	class, kind := parts[len(parts)-2], parts[len(parts)-1]
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = append(d.asked, class+"/"+kind+" "+r.Form.Encode())
	a, ok := d.accounts[r.Form.Get("id")]
	if !ok || kind != "single" {
		return
	}
	_, _ = w.Write([]byte(a.Answer(class)))
}
