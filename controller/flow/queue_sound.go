package flow

import (
	"context"
	"errors"
	"time"

	"callplane/controller/engine"
)

// Since is when the announcements of the caller count from.
func (w *waiting) since() time.Time { return w.place.Since }

// firstAnnouncement is the next that is due by the caller's own clock; those that fell into a restart are not made up
// for.
func (w *waiting) firstAnnouncement() time.Time {
	every := w.q.Interval
	if every <= 0 || !w.q.AnnouncePosition && !w.q.AnnounceWait {
		return time.Time{}
	}
	n := w.c.Now().Sub(w.since())/every + 1
	return w.since().Add(n * every)
}

// infotainmentAt is when the next message is due; zero: there is none.
func (w *waiting) infotainmentAt() time.Time {
	n := w.place.Infotainment
	if n >= len(w.q.Infotainment) {
		return time.Time{}
	}
	return w.since().Add(time.Duration(n+1) * w.limits.Infotainment)
}

// due is when something is to be done if nothing happens.
func (w *waiting) due() time.Time {
	t := w.c.Now().Add(time.Hour)
	earlier := func(x time.Time) {
		if !x.IsZero() && x.Before(t) {
			t = x
		}
	}
	if w.hears == hearsInfotainment {
		return t // it ends first
	}
	if w.hears != hearsAnnouncement {
		earlier(w.announce)
	}
	if w.hears == hearsNothing && w.broken < 2 {
		earlier(w.retry)
	}
	if !w.asked && len(w.offers) == 0 {
		earlier(w.infotainmentAt())
	}
	if w.q.ForwardAfter > 0 && len(w.q.Forward) > 0 {
		earlier(w.place.Joined.Add(w.q.ForwardAfter))
	}
	return t
}

// sound lets the caller hear what is due: infotainment, announcements, else music or ringing (ACD-08).
func (w *waiting) sound(ctx context.Context) error {
	now := w.c.Now()
	if w.hears == hearsInfotainment {
		return nil
	}
	if at := w.infotainmentAt(); !at.IsZero() && !now.Before(at) && !w.asked && len(w.offers) == 0 {
		// Only who is not being offered may be kept; the queue answers Held, or an offer was faster.
		w.asked = true
		w.ticket.Hold()
	}
	if !w.announce.IsZero() && !now.Before(w.announce) && w.hears != hearsAnnouncement {
		w.announce = w.firstAnnouncement()
		return w.tell(ctx)
	}
	if w.hears == hearsNothing && w.broken < 2 && !now.Before(w.retry) {
		return w.background(ctx)
	}
	return nil
}

// retryAfter is how long nothing is played after the engine could not.
const retryAfter = 2 * time.Second

// played is what follows from an attempt to play something. An engine that is away for a moment, or has too much to do, costs nobody
// the place: they hear nothing for a while.
func (w *waiting) played(ctx context.Context, err error) error {
	if err == nil || context.Cause(ctx) != nil || errors.Is(err, engine.ErrNoLeg) {
		return err
	}
	w.c.Trace("queue", "nothing is heard: "+err.Error())
	w.hears, w.retry = hearsNothing, w.c.Now().Add(retryAfter)
	return nil
}

// over notes that what was played has ended.
func (w *waiting) over(now time.Time) {
	switch w.hears {
	case hearsInfotainment:
		w.place.Infotainment++
		w.c.InQueue(w.place)
		w.held = false
		w.ticket.Release()
	case hearsMusic:
		if now.Sub(w.began) < shortestMusic {
			w.broken++ // it can't be played: something else, or nothing
		}
	}
	w.hears = hearsNothing
}

// background plays music, or ringing where there is none.
func (w *waiting) background(ctx context.Context) error {
	w.hears, w.began = hearsMusic, w.c.Now()
	if w.q.Music && w.broken == 0 {
		return w.played(ctx, w.c.StartMusicOf(ctx, w.e.Number))
	}
	return w.played(ctx, w.c.StartTone(ctx, engine.ToneRingback))
}

// tell announces the position and the wait.
func (w *waiting) tell(ctx context.Context) error {
	p, err := w.ticket.Place(ctx)
	if err != nil || p.Position == 0 {
		return err
	}
	var keys []string
	if w.q.AnnouncePosition {
		keys = append(keys, positionKeys(p.Position)...)
	}
	if w.q.AnnounceWait {
		keys = append(keys, waitKeys(p.Wait)...)
	}
	w.hears, w.began = hearsAnnouncement, w.c.Now()
	return w.played(ctx, w.c.StartPlay(ctx, say(w.c, languageOf(w.c, w.q.Language), keys...)))
}

// infotain plays the next message, which nothing interrupts.
func (w *waiting) infotain(ctx context.Context) error {
	if w.place.Infotainment >= len(w.q.Infotainment) { // it was removed meanwhile
		w.held = false
		w.ticket.Release()
		return nil
	}
	w.hears, w.began = hearsInfotainment, w.c.Now()
	err := w.played(ctx, w.c.StartPlay(ctx, w.c.Prompt(w.q.Infotainment[w.place.Infotainment], languageOf(w.c, w.q.Language))))
	if err == nil && w.hears == hearsNothing { // this message is left out
		w.place.Infotainment++
		w.held = false
		w.ticket.Release()
	}
	return err
}
