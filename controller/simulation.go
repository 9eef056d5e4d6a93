package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"callplane/admin/api"
	"callplane/controller/config"
	"callplane/controller/flow"
	"callplane/controller/simulate"
	"callplane/dialplan"
	"callplane/media"
	"callplane/store"
)

// simulator simulates calls by the configuration that is in the database now.
type simulator struct {
	db  *store.DB
	cfg simulate.Config
}

// newSimulator returns one whose flow keeps nothing that real calls keep.
func newSimulator(db *store.DB, cfg *config.Config, library *media.Library) *simulator {
	router := flow.NewRouter(flow.Config{Assistant: cfg.Assistant.Transcriber != "none", Limits: flow.Limits{Hops: cfg.Limits.Hops, DialChars: cfg.Limits.DialChars}, Plans: unchanged{}, Ends: simulationEnds})
	out := &simulator{db: db, cfg: simulate.Config{Flow: router.Run, Domain: cfg.SIP.Domain}}
	if library != nil {
		out.cfg.Prompt = library.Prompt
	}
	return out
}

// simulationEnds at extensions where callers wait for what only real calls have: agents, a recorder.
func simulationEnds(k dialplan.Kind) bool {
	return k == dialplan.KindQueue || k == dialplan.KindVoicemail || k == dialplan.KindAI
}

// unchanged takes every change and makes none.
type unchanged struct{}

func (unchanged) ChangePlan(context.Context, dialplan.AccountID, string, dialplan.PlanChange) error {
	return nil
}

func (s *simulator) run(ctx context.Context, id dialplan.AccountID, in api.SimulationInput) (*api.Simulation, error) {
	a, err := s.db.LoadAccount(ctx, id)
	if err != nil {
		return nil, err
	}
	trunks, _, err := s.db.LoadTrunks(ctx)
	if err != nil {
		return nil, err
	}
	req := simulate.Request{Account: a, Trunks: trunks, Number: in.Number, Caller: in.Caller, At: in.At, Digits: in.Digits, Reactions: map[string]simulate.Reaction{}}
	if req.At.IsZero() {
		req.At = time.Now()
	}
	req.At = req.At.In(a.Location)
	for _, r := range in.Reactions {
		req.Reactions[r.Who] = simulate.Reaction{Answer: simulate.Answer(r.Does), After: time.Duration(r.Within * float64(time.Second))}
	}
	path, err := simulate.Run(ctx, s.cfg, req)
	var bad *simulate.RequestError
	if errors.As(err, &bad) {
		return nil, &api.BadSimulation{Field: bad.Field, Reason: bad.Reason}
	}
	if err != nil {
		return nil, err
	}
	out := &api.Simulation{Outcome: string(path.Outcome), With: path.With, Cause: path.Cause, Heard: path.Prompts, Steps: []api.SimulationStep{}}
	for _, s := range path.Steps {
		out.Steps = append(out.Steps, api.SimulationStep{At: s.At, Step: s.Step, Reason: s.Reason})
	}
	return out, nil
}

// simulateOptions of `callplane simulate`.
type simulateOptions struct {
	account    int64
	in         api.SimulationInput
	at, digits string
	reactions  []string
}

func simulateCommand() *cobra.Command {
	var o simulateOptions
	cmd := &cobra.Command{
		Use: "simulate", Short: "Tell which path a call would take, and why", Args: cobra.NoArgs,
		Long: "The rules and code of real calls decide. Where a caller would be asked for digits, they are taken from --digits, then\n" +
			"from the terminal. Nobody is called and nothing is changed.",
		Example: "  callplane simulate --number +31201234567 --caller 0612345678 --at '2026-12-25 14:00' --digits 1,2034 --who 101=busy",
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, _, err := configure(cmd)
			if err != nil {
				return err
			}
			db, err := openDatabase(cmd.Context(), cfg.Database)
			if err != nil {
				return err
			}
			defer db.Close()
			return o.run(cmd.Context(), db, cfg, cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
	f := cmd.Flags()
	config.Flags(f)
	f.StringVar(&o.in.Number, "number", "", "number that is called, or what the user of extension --caller dials")
	f.StringVar(&o.in.Caller, "caller", "", "number or extension that calls (default: withheld)")
	f.StringVar(&o.at, "at", "", "when, as '2026-12-25 14:00' in the account's time zone or RFC 3339 (default: now)")
	f.StringVar(&o.digits, "digits", "", "what the caller presses, a comma between the answers; an empty answer is none")
	f.StringSliceVar(&o.reactions, "who", nil, "what somebody does who is called: 101=answer, busy, reject, unreachable or no_answer")
	f.Int64Var(&o.account, "account", 0, "id of the account (default: that of --number)")
	_ = cmd.MarkFlagRequired("number") // the flag is there
	return cmd
}

// run simulates the call again with each answer that is given, from the begin: time stands still meanwhile.
func (o simulateOptions) run(ctx context.Context, db *store.DB, cfg *config.Config, answers io.Reader, out io.Writer) error {
	if o.account == 0 {
		err := db.Platform(ctx, func(tx *store.Tx) error {
			account, err := tx.AccountOfNumber(ctx, o.in.Number)
			o.account = int64(account)
			return err
		})
		if err != nil {
			return fmt.Errorf("find the account of --number (E.164, such as +31201234567), or name it with --account: %w", err)
		}
	}
	a, err := db.LoadAccount(ctx, dialplan.AccountID(o.account))
	if err != nil {
		return err
	}
	if o.in.At, err = parseAt(o.at, a.Location); err != nil {
		return err
	}
	if o.digits != "" {
		o.in.Digits = strings.Split(o.digits, ",")
	}
	for _, r := range o.reactions {
		who, does, ok := strings.Cut(r, "=")
		if !ok {
			return fmt.Errorf("--who %s: it has the form 101=busy", r)
		}
		o.in.Reactions = append(o.in.Reactions, api.Reaction{Who: who, Does: does})
	}
	library, err := media.Open(cfg.Media.Dir, cfg.Media.Language)
	if err != nil {
		library = nil // every prompt counts as there
	}
	s := newSimulator(db, cfg, library)
	shown := 0
	for {
		got, err := s.run(ctx, a.ID, o.in)
		if err != nil {
			return err
		}
		for _, step := range got.Steps[min(shown, len(got.Steps)):] {
			fmt.Fprintf(out, "%s  %-14s %s\n", step.At.Format("Mon 15:04:05"), step.Step, step.Reason)
		}
		shown = len(got.Steps)
		switch got.Outcome {
		case string(simulate.Talks):
			fmt.Fprintln(out, "The caller talks with", got.With)
			return nil
		case string(simulate.Reaches):
			fmt.Fprintln(out, "The caller is in", got.With)
			return nil
		case string(simulate.Ends):
			fmt.Fprintln(out, "The call is over:", got.Cause)
			return nil
		}
		fmt.Fprintf(out, "The caller hears %s and is asked for digits: ", strings.Join(got.Heard, ", "))
		var line string
		if _, err := fmt.Fscanln(answers, &line); errors.Is(err, io.EOF) {
			fmt.Fprintln(out, "none are given")
			return nil
		}
		fmt.Fprintln(out)
		o.in.Digits = append(o.in.Digits, line)
	}
}

// parseAt reads --at; empty is now.
func parseAt(s string, loc *time.Location) (time.Time, error) {
	if s == "" {
		return time.Now().In(loc), nil
	}
	for _, layout := range []string{"2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02T15:04"} {
		if t, err := time.ParseInLocation(layout, s, loc); err == nil {
			return t, nil
		}
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return t, fmt.Errorf("--at %s: it has the form '2026-12-25 14:00'", s)
	}
	return t.In(loc), nil
}

// simulate is the simulator as the API uses it.
func (d *daemon) simulate(ctx context.Context, id dialplan.AccountID, in api.SimulationInput) (*api.Simulation, error) {
	return d.simulator.run(ctx, id, in)
}
