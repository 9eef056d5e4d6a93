package acd

import (
	"container/heap"
	"time"
)

// ready is a heap of callers by their place.
type ready []*caller

// Len, Less, Swap, Push and Pop implement heap.Interface.
func (r ready) Len() int           { return len(r) }
func (r ready) Less(i, j int) bool { return r[i].before(r[j]) }
func (r ready) Swap(i, j int) {
	r[i], r[j] = r[j], r[i]
	r[i].index, r[j].index = i, j
}
func (r *ready) Push(x any) {
	c := x.(*caller)
	c.index = len(*r)
	*r = append(*r, c)
}
func (r *ready) Pop() any {
	old := *r
	c := old[len(old)-1]
	old[len(old)-1] = nil
	*r = old[:len(old)-1]
	c.index = -1
	return c
}

func (q *queue) enter(c *caller) {
	if c.index < 0 {
		heap.Push(&q.ready, c)
	}
}

func (q *queue) take(c *caller) {
	if c.index >= 0 {
		heap.Remove(&q.ready, c.index)
	}
}

// head is who is next to be offered, or nil.
func (q *queue) head() *caller {
	if len(q.ready) == 0 {
		return nil
	}
	return q.ready[0]
}

// timer is the end of an offer or of an agent's cool-down or rest. Those that are over are
// skipped when they come up.
type timer struct {
	at    time.Time
	offer *offer
	agent *agent
}

type timers []timer

// Len, Less, Swap, Push and Pop implement heap.Interface.
func (t timers) Len() int           { return len(t) }
func (t timers) Less(i, j int) bool { return t[i].at.Before(t[j].at) }
func (t timers) Swap(i, j int)      { t[i], t[j] = t[j], t[i] }
func (t *timers) Push(x any)        { *t = append(*t, x.(timer)) }
func (t *timers) Pop() any {
	old := *t
	x := old[len(old)-1]
	old[len(old)-1] = timer{}
	*t = old[:len(old)-1]
	return x
}

func (s *State) at(t timer) { heap.Push(&s.timers, t) }

// due takes the next timer that has come, skipping what is over.
func (s *State) due() (timer, bool) {
	for len(s.timers) > 0 {
		t := s.timers[0]
		over := t.offer != nil && t.offer.over
		if !over && t.at.After(s.now) {
			return timer{}, false
		}
		heap.Pop(&s.timers)
		if !over {
			return t, true
		}
	}
	return timer{}, false
}
