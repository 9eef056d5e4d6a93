package api

import (
	"net/http"
	"time"
)

// patience is how long a client may take nothing of a long answer before it is given up.
const patience = time.Minute

// patient writes answers that may take as long as the client needs, as long as it takes something.
type patient struct {
	http.ResponseWriter
	rc *http.ResponseController
}

// newPatient lifts the time limit of the request, which is for its body.
func newPatient(w http.ResponseWriter) *patient {
	p := &patient{w, http.NewResponseController(w)}
	_ = p.rc.SetReadDeadline(time.Time{}) // a recorder in tests has none
	return p
}

// Write implements io.Writer.
func (p *patient) Write(b []byte) (int, error) {
	_ = p.rc.SetWriteDeadline(time.Now().Add(patience)) // as above
	return p.ResponseWriter.Write(b)
}
