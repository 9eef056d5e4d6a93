// Package analysis makes text of what the personal assistant has heard: a transcript and a summary of each recording that
// waits for it in the database. Who transcribes and who summarises is chosen by the configuration: servers that speak the HTTP interface of
// OpenAI, or programs of this machine.
package analysis

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"

	"github.com/google/uuid"

	"callplane/store"
)

// Queue has the recordings to analyse: *store.DB, or the memory of a test. Its methods are documented there.
type Queue interface {
	DueAnalyses(ctx context.Context, limit int, lease time.Duration) ([]store.DueAnalysis, error)
	ExtendAnalysis(ctx context.Context, d store.DueAnalysis, lease time.Duration) (mine bool, err error)
	AnalysisDone(ctx context.Context, d store.DueAnalysis, language, summary string, transcript []store.Spoken) error
	AnalysisFailed(ctx context.Context, d store.DueAnalysis, again time.Time, reason string) error
}

// Transcriber makes text of the sound of a recording. language is that of the user: en, nl, de, es or lv.
type Transcriber interface {
	Transcribe(ctx context.Context, file, language string) ([]store.Spoken, error)
}

// Summariser makes a few sentences of a transcript that is not empty.
type Summariser interface {
	Summarise(ctx context.Context, d store.DueAnalysis, said []store.Spoken, language string) (string, error)
}

// Config of a Service. Zero durations and numbers have the values given; all else is required.
type Config struct {
	Queue       Queue
	Transcriber Transcriber
	Summariser  Summariser
	// Path is where the file of a recording is.
	Path func(*store.Recording) (string, error)
	// Language of the user whose recording it is.
	Language func(store.DueAnalysis) string
	Log      *slog.Logger
	Workers  int           // at once; 1
	Lease    time.Duration // after which somebody else goes on when this process has died; 15 s
	Look     time.Duration // how often to look for what is due; 10 s
	Retry    time.Duration // wait after the first failure, doubled after each further one up to an hour; 30 s
	Life     time.Duration // of tries; 24 h
}

// Service analyses.
type Service struct {
	cfg  Config
	wake chan struct{}

	mu sync.Mutex
	// held are the recordings that are being worked at. After an outage of the database, in which the lease has run out, one of
	// them may be taken a second time: the work goes on with the new ticket.
	held map[uuid.UUID]store.DueAnalysis
}

// New returns a service; Run works.
func New(cfg Config) *Service {
	for _, v := range []struct {
		field *time.Duration
		value time.Duration
	}{{&cfg.Lease, 15 * time.Second}, {&cfg.Look, 10 * time.Second}, {&cfg.Retry, 30 * time.Second}, {&cfg.Life, 24 * time.Hour}} {
		if *v.field == 0 {
			*v.field = v.value
		}
	}
	cfg.Workers = max(1, cfg.Workers)
	return &Service{cfg: cfg, wake: make(chan struct{}, cfg.Workers), held: make(map[uuid.UUID]store.DueAnalysis)}
}

// Final is an error that another try would not mend.
type Final struct{ Err error }

func (f *Final) Error() string { return f.Err.Error() }

// Unwrap gives the error within.
func (f *Final) Unwrap() error { return f.Err }

// Later is an error of somebody who has told when to come again.
type Later struct {
	Err   error
	After time.Duration
}

func (l *Later) Error() string { return l.Err.Error() }

// Unwrap gives the error within.
func (l *Later) Unwrap() error { return l.Err }

const (
	maxRetry = time.Hour
	// maxTranscript is how many bytes of text are kept of one recording.
	maxTranscript = 1 << 20
	maxSummary    = 20_000
)

var (
	errLost   = errors.New("somebody else has taken the recording")
	errBroken = errors.New("each try was broken off")
)

// Wake tells that there may be a recording now.
func (s *Service) Wake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Run analyses until ctx ends. What it is at then waits for the next who runs.
func (s *Service) Run(ctx context.Context) {
	var all sync.WaitGroup
	for range s.cfg.Workers {
		all.Go(func() { s.work(ctx) })
	}
	all.Wait()
}

func (s *Service) work(ctx context.Context) {
	failing := false
	for {
		found, err := s.next(ctx)
		if err != nil && ctx.Err() == nil && !failing {
			s.cfg.Log.Error("recordings for the assistant", "error", err)
		}
		if failing = err != nil; found && err == nil {
			continue
		}
		timer := time.NewTimer(s.cfg.Look)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-s.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// next takes one recording, if one is due. The error is one of the queue.
func (s *Service) next(ctx context.Context) (found bool, err error) {
	due, err := s.cfg.Queue.DueAnalyses(ctx, 1, s.cfg.Lease)
	if err != nil || len(due) == 0 {
		return false, err
	}
	d := due[0]
	if !s.take(d) {
		return true, nil
	}
	defer s.drop(d)
	log := s.cfg.Log.With("account", d.Account, "recording", d.ID, "call", d.Call, "try", d.Tries)
	if d.Tries > 1 && time.Since(d.Queued) > s.cfg.Life+maxRetry {
		// A failure would have ended it before: whoever was at it has died each time.
		log.Error("a recording is given up: each try to analyse it was broken off")
		return true, s.cfg.Queue.AnalysisFailed(ctx, d, time.Time{}, errBroken.Error())
	}
	work, stop := context.WithCancelCause(ctx)
	var keeping sync.WaitGroup
	keeping.Go(func() { s.keep(work, d, stop) })
	language := s.cfg.Language(d)
	said, summary, err := s.analyse(work, d, language)
	cause := context.Cause(work)
	if err == nil {
		err = s.done(work, d, language, summary, said)
		cause = context.Cause(work)
	} else if cause == nil {
		err = s.failed(work, d, err, log)
	}
	stop(nil)
	keeping.Wait()
	if ctx.Err() != nil {
		return true, ctx.Err()
	}
	if errors.Is(cause, errLost) {
		log.Warn("the result of an analysis is not kept", "reason", errLost)
		return true, nil
	}
	if err == nil {
		log.Info("a recording has been looked at for the assistant")
	}
	return true, err
}

// take notes that a recording is worked at; false: it is already.
func (s *Service) take(d store.DueAnalysis) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, already := s.held[d.ID]
	s.held[d.ID] = d
	return !already
}

func (s *Service) drop(d store.DueAnalysis) {
	s.mu.Lock()
	delete(s.held, d.ID)
	s.mu.Unlock()
}

// current is d with its ticket by now.
func (s *Service) current(d store.DueAnalysis) store.DueAnalysis {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held[d.ID]
}

// keep prolongs the lease while d is worked at, and ends the work when d is somebody else's.
func (s *Service) keep(ctx context.Context, d store.DueAnalysis, stop context.CancelCauseFunc) {
	tick := time.NewTicker(s.cfg.Lease / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		// With the database away nobody else can take it either.
		now := s.current(d)
		if mine, err := s.cfg.Queue.ExtendAnalysis(ctx, now, s.cfg.Lease); err == nil && !mine && s.current(d).Ticket == now.Ticket {
			stop(errLost)
			return
		}
	}
}

func (s *Service) analyse(ctx context.Context, d store.DueAnalysis, language string) (said []store.Spoken, summary string, err error) {
	defer func() {
		if p := recover(); p != nil {
			s.cfg.Log.Error("panic in an analysis", "panic", p, "stack", string(debug.Stack()))
			err = &Final{fmt.Errorf("panic: %v", p)}
		}
	}()
	file, err := s.cfg.Path(&d.Recording)
	if err != nil {
		return nil, "", &Final{err}
	}
	if said, err = s.cfg.Transcriber.Transcribe(ctx, file, language); err != nil {
		return nil, "", fmt.Errorf("transcribe: %w", err)
	}
	size := 0
	for _, x := range said {
		if size += len(x.Text); size > maxTranscript {
			return nil, "", &Final{fmt.Errorf("transcribe: there are more than %d bytes of text", maxTranscript)}
		}
	}
	if len(said) == 0 {
		return nil, "", nil // nobody has said anything
	}
	if summary, err = s.cfg.Summariser.Summarise(ctx, d, said, language); err != nil {
		return nil, "", fmt.Errorf("summarise: %w", err)
	}
	return said, clip(summary, maxSummary), nil
}

// done keeps a result. It cost much: when the database is away, it waits for it.
func (s *Service) done(ctx context.Context, d store.DueAnalysis, language, summary string, said []store.Spoken) error {
	for wait := time.Second; ; wait = min(2*wait, 30*time.Second) {
		err := s.cfg.Queue.AnalysisDone(ctx, s.current(d), language, summary, said)
		if err == nil || store.Refused(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(wait):
		}
	}
}

// failed puts d off, or gives it up.
func (s *Service) failed(ctx context.Context, d store.DueAnalysis, err error, log *slog.Logger) error {
	wait := min(s.cfg.Retry<<min(d.Tries-1, 10), maxRetry)
	wait += rand.N(wait/5 + 1) // many that failed together do not come again together
	var later *Later
	if errors.As(err, &later) {
		wait = max(wait, min(later.After, maxRetry))
	}
	again := time.Now().Add(wait)
	var final *Final
	if errors.As(err, &final) || again.Sub(d.Queued) > s.cfg.Life {
		again = time.Time{}
		log.Error("a recording is given up for the assistant", "error", err)
	} else {
		log.Warn("a recording could not be analysed yet", "error", err)
	}
	return s.cfg.Queue.AnalysisFailed(ctx, s.current(d), again, err.Error())
}

// clip shortens text to at most n bytes, at the end of a character.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n]
}
