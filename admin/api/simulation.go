package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// SimulationInput is a call whose path is asked for (NP-09).
type SimulationInput struct {
	Number    string     `json:"number" minLength:"1" maxLength:"64" doc:"Number that is called: one of the account's, or, from an extension, what its user dials."`
	Caller    string     `json:"caller,omitempty" maxLength:"64" doc:"Number of the caller, or the extension of a user who calls from their phone; empty: withheld."`
	At        time.Time  `json:"at,omitzero" doc:"When it is made; left out: now."`
	Digits    []string   `json:"digits,omitempty" maxItems:"100" doc:"What the caller presses, one entry for each time that digits are asked for; an empty entry: nothing."`
	Reactions []Reaction `json:"reactions,omitempty" maxItems:"500" doc:"What those do who are called; who is not there lets it ring."`
}

// mostKeys is how many keys an answer can have.
const mostKeys = 64

// Resolve checks the whole.
func (in *SimulationInput) Resolve(huma.Context) []error {
	errs := append(text("number", in.Number), text("caller", in.Caller)...)
	for i, d := range in.Digits {
		if len(d) > mostKeys || strings.Trim(d, "0123456789*#") != "" {
			errs = append(errs, field(fmt.Sprintf("digits[%d]", i), fmt.Sprintf("must be up to %d of 0-9 * #", mostKeys)))
		}
	}
	for i, r := range in.Reactions {
		errs = append(errs, text(fmt.Sprintf("reactions[%d].who", i), r.Who)...)
	}
	return errorsOf(errs)
}

// Reaction is what somebody does who is called.
type Reaction struct {
	Who    string  `json:"who" minLength:"1" maxLength:"64" doc:"Extension of a user, a channel, or a number outside."`
	Does   string  `json:"does" enum:"answer,no_answer,busy,reject,unreachable"`
	Within float64 `json:"within,omitempty" minimum:"0" maximum:"3600" doc:"Seconds after it begins to ring; 0: 2."`
}

// Simulation is the path that a call would take.
type Simulation struct {
	Outcome string           `json:"outcome" enum:"talks,asks,reaches,ends" doc:"talks: somebody answered; reaches: the call is in a queue or a voicemail box; asks: the caller is asked for digits and the request has no more of them; ends: the call is over."`
	With    string           `json:"with,omitempty" doc:"Who answered, or what the call has reached."`
	Cause   string           `json:"cause,omitempty" doc:"Why it is over, as in the record of a call."`
	Heard   []string         `json:"heard,omitempty" doc:"Prompts and audio that the caller heard at last."`
	Steps   []SimulationStep `json:"steps"`
}

// SimulationStep is a step of the path, as in the record of a call.
type SimulationStep struct {
	At     time.Time `json:"at"`
	Step   string    `json:"step"`
	Reason string    `json:"reason"`
}

// BadSimulation says what of a request can't be simulated.
type BadSimulation struct {
	Field  string // of the body
	Reason string
}

// Error implements error.
func (e *BadSimulation) Error() string { return e.Field + ": " + e.Reason }

func (s *server) simulations(api huma.API) {
	o := op("simulate-call", http.MethodPost, "/accounts/{account}/simulations", "numbering plans", "Which path a call would take, by the rules of real calls, with the reason of each step")
	o.DefaultStatus = http.StatusOK
	register(s, api, scopeAccount, o, s.simulate)
}

func (s *server) simulate(ctx context.Context, in *struct {
	AccountPath
	Body SimulationInput
}) (*struct{ Body Simulation }, error) {
	if s.cfg.Simulate == nil {
		return nil, problem(http.StatusServiceUnavailable, "simulations are not possible here")
	}
	out, err := s.cfg.Simulate(ctx, in.id(), in.Body)
	var bad *BadSimulation
	if errors.As(err, &bad) {
		return nil, invalid(field(bad.Field, bad.Reason))
	}
	if err != nil {
		return nil, s.answer(ctx, err, nil)
	}
	return &struct{ Body Simulation }{*out}, nil
}
