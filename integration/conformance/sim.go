package conformance

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"callplane/controller/engine"
	"callplane/controller/engine/sim"
	"callplane/integration/tone"
)

// simBackend is the in-memory engine.
type simBackend struct {
	w   *sim.World
	dir string

	mu     sync.Mutex
	phones int
	files  map[string]int
	users  map[string]bool
}

// OpenSim makes a world of its own that keeps files in dir.
func OpenSim(dir string) Backend {
	b := &simBackend{w: sim.NewWorld(), dir: dir, files: map[string]int{}, users: map[string]bool{}}
	b.w.SetAuth(func(user, domain, password string) bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.users[user] && domain == simDomain && password == rightPassword
	})
	return b
}

const (
	simDomain     = "conformance.example"
	rightPassword = "right-0f3a91c5"
)

func (b *simBackend) Driver() (engine.Engine, error) { return b.w.Engine("sim"), nil }
func (b *simBackend) RecordDir() string              { return b.dir }
func (b *simBackend) Cut()                           { b.w.Disconnect() }
func (b *simBackend) Mend()                          { b.w.Reconnect() }
func (b *simBackend) Logs() string                   { return "" }
func (b *simBackend) Close() error                   { b.w.Close(); return nil }
func (b *simBackend) Restart(context.Context) error  { b.w.Restart(time.Second); return nil }
func (b *simBackend) Channels(context.Context) ([]string, error) {
	var all []string
	for _, id := range b.w.Legs() {
		all = append(all, string(id))
	}
	return all, nil
}

func (b *simBackend) File(hz int, d time.Duration) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	path, err := writeTone(b.dir, hz, d)
	b.files[path] = hz
	return path, err
}

// writeTone makes a file once and returns its path; cases that run side by side share it.
func writeTone(dir string, hz int, d time.Duration) (string, error) {
	if tone.NearVoice(float64(hz)) {
		return "", fmt.Errorf("a file of %d Hz would be taken for a phone", hz)
	}
	path := filepath.Join(dir, fmt.Sprintf("tone-%d-%d.wav", hz, d.Milliseconds()))
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	pcm := make([]int16, int(d.Seconds()*tone.Rate))
	tone.NewGenerator(tone.DefaultLevel, float64(hz)).Read(pcm)
	return path, tone.WriteWAV(path, pcm)
}

func (b *simBackend) Trunk(carrier Phone, name string) engine.Trunk {
	p := carrier.(*simPhone)
	t := engine.Trunk{Name: name, Host: p.Addr().Addr().String(), Port: p.Addr().Port(), Transport: "udp"}
	if p.spec.TrunkPassword != "" {
		t.Username, t.Password = name, p.spec.TrunkPassword
	}
	return t
}

func (b *simBackend) Phone(_ context.Context, spec PhoneSpec) (Phone, error) {
	b.mu.Lock()
	b.phones++
	hz := int(tone.Distinct(spec.voice(b.phones)))
	cfg := sim.PhoneConfig{User: spec.User, Domain: simDomain, Password: rightPassword, Hz: hz, UserAgent: "sim", SRTP: spec.SRTP}
	if cfg.User == "" {
		cfg.User = fmt.Sprint(2000 + b.phones)
	}
	if spec.Password != "" {
		cfg.Password = spec.Password
	}
	if spec.Silent {
		cfg.Hz = 0
	}
	if spec.Dead {
		cfg.Carrier = true
	}
	if spec.Carrier {
		cfg.Carrier, cfg.Password = true, spec.TrunkPassword
	} else if !spec.Unknown {
		b.users[cfg.User] = true
	}
	b.mu.Unlock() // the world asks for passwords while it holds its own lock
	p := &simPhone{b: b, spec: spec, cfg: cfg, p: b.w.Phone(cfg)}
	p.p.SetOff(spec.Dead)
	return p, nil
}

type simPhone struct {
	b    *simBackend
	spec PhoneSpec
	cfg  sim.PhoneConfig
	p    *sim.Phone
}

func (p *simPhone) User() string                     { return p.cfg.User }
func (p *simPhone) Domain() string                   { return p.cfg.Domain }
func (p *simPhone) Hz() int                          { return p.cfg.Hz }
func (p *simPhone) Addr() netip.AddrPort             { return p.p.Peer() }
func (p *simPhone) Register(context.Context) error   { return p.p.RegisterFor(time.Minute) }
func (p *simPhone) Unregister(context.Context) error { return p.p.Unregister() }

func (p *simPhone) Dial(_ context.Context, number string, how Dial) (Call, error) {
	in := sim.Invite{Number: number, Caller: how.Caller, Headers: map[string]string{"User-Agent": p.cfg.UserAgent}}
	if in.Caller == (engine.Identity{}) {
		in.Caller = engine.Identity{Number: p.cfg.User, Name: p.spec.Name}
	}
	for name, value := range how.Headers {
		in.Headers[name] = value
	}
	return &simCall{b: p.b, c: p.p.Invite(in)}, nil
}

func (p *simPhone) Incoming(ctx context.Context) (Call, error) {
	c, err := p.p.Incoming(ctx)
	if err != nil {
		return nil, err
	}
	return &simCall{b: p.b, c: c}, nil
}

func (p *simPhone) Notified(ctx context.Context, event, body string) error {
	return p.b.w.Wait(ctx, "NOTIFY "+event, func() bool {
		for _, n := range p.p.Notifies() {
			if pkg, _, _ := strings.Cut(n.Event, ";"); pkg == event && strings.Contains(n.Body, body) {
				return true
			}
		}
		return false
	})
}

func (p *simPhone) Lamp(ctx context.Context, user string, state engine.PresenceState) error {
	return p.b.w.Wait(ctx, "the lamp of "+user, func() bool {
		s, _ := p.b.w.State(p.User(), simDomain, user)
		return s == state
	})
}

// Dark gives the controller quietTime to say that the lamp is not for this phone any more, as a phone that asks would.
func (p *simPhone) Dark(ctx context.Context, user string) error {
	quiet, cancel := context.WithTimeout(ctx, quietTime)
	defer cancel()
	for {
		s, ok := p.b.w.State(p.User(), simDomain, user)
		if !ok {
			return nil
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-quiet.Done():
			return fmt.Errorf("the lamp of %s may be watched, it is %d", user, s)
		}
	}
}

type simCall struct {
	b *simBackend
	c *sim.Call
}

func (c *simCall) Ring(context.Context) error                     { return c.c.Ring() }
func (c *simCall) Progress(context.Context) error                 { return c.c.Progress() }
func (c *simCall) Answer(context.Context) error                   { return c.c.Answer() }
func (c *simCall) Reject(_ context.Context, status int) error     { return c.c.Reject(status) }
func (c *simCall) Redirect(_ context.Context, to ...string) error { return c.c.Redirect(to...) }
func (c *simCall) Hangup(context.Context) error                   { return c.c.Hangup() }
func (c *simCall) SendDTMF(ctx context.Context, digits string) error {
	return c.c.SendDTMF(ctx, digits)
}
func (c *simCall) Hold(context.Context) error                   { return c.c.Hold() }
func (c *simCall) Unhold(context.Context) error                 { return c.c.Unhold() }
func (c *simCall) Mute(context.Context) error                   { return c.c.Mute(true) }
func (c *simCall) Unmute(context.Context) error                 { return c.c.Mute(false) }
func (c *simCall) Refer(_ context.Context, target string) error { return c.c.Refer(target) }
func (c *simCall) WaitDigits(ctx context.Context, digits string) error {
	return c.c.WaitDigits(ctx, digits)
}
func (c *simCall) Status() int                            { return c.c.Status() }
func (c *simCall) Number() string                         { return c.c.Number() }
func (c *simCall) WaitRinging(ctx context.Context) error  { return c.c.Wait(ctx, sim.Ringing) }
func (c *simCall) WaitEarly(ctx context.Context) error    { return c.c.Wait(ctx, sim.Early) }
func (c *simCall) WaitAnswered(ctx context.Context) error { return c.c.Wait(ctx, sim.Up) }
func (c *simCall) WaitEnded(ctx context.Context) error    { return c.c.Wait(ctx, sim.Over) }

func (c *simCall) ReferReplaces(_ context.Context, second Call) error {
	return c.c.ReferReplaces(second.(*simCall).c)
}

func (c *simCall) End() End {
	return map[sim.End]End{
		sim.EndedHere: EndedHere, sim.EndedThere: EndedThere, sim.Missed: Missed, sim.AnsweredElsewhere: Elsewhere,
	}[c.c.End()]
}

// hears is what the phone hears, in Hz.
func (c *simCall) hears() map[int]bool {
	all := map[int]bool{}
	for _, s := range c.c.Hears() {
		switch {
		case s.Tone != 0:
			all[425] = true
		case s.File != "":
			all[c.b.fileHz(s.File)] = true
		default:
			all[s.Hz] = true
		}
	}
	return all
}

// fileHz is what is to be heard in a file: a tone of ours, or somebody's voice that was recorded.
func (b *simBackend) fileHz(path string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if hz, ok := b.files[path]; ok {
		return hz
	}
	hz := 0
	if pcm, err := tone.ReadWAV(path); err == nil {
		peak, _ := tone.Peak(pcm[len(pcm)/4 : len(pcm)*3/4])
		for i := range tone.Voices {
			if voice := tone.Distinct(i); math.Abs(voice-peak) <= 10 {
				hz = int(voice)
			}
		}
	}
	b.files[path] = hz
	return hz
}

func (c *simCall) Hears(ctx context.Context, hz ...int) error {
	err := c.b.w.Wait(ctx, fmt.Sprint("hearing ", hz), func() bool {
		now := c.hears()
		for _, f := range hz {
			if !now[f] {
				return false
			}
		}
		return len(now) == len(hz)
	})
	if err != nil {
		return fmt.Errorf("%w; heard at last: %v", err, c.c.Hears())
	}
	return nil
}

func (c *simCall) Encrypted() bool { return c.c.Encrypted() }

func (c *simCall) Misses(ctx context.Context, hz int, d time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	err := c.b.w.Wait(ctx, "a tone", func() bool { return c.hears()[hz] })
	if err == nil {
		return fmt.Errorf("heard %d Hz", hz)
	}
	if !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

func (c *simCall) WaitDisplay(ctx context.Context, who engine.Identity) error {
	err := c.b.w.Wait(ctx, "the display", func() bool { return c.c.Display() == who })
	if err != nil {
		return fmt.Errorf("%w; it shows %+v instead of %+v", err, c.c.Display(), who)
	}
	return nil
}

func (c *simCall) Header(name string) string {
	if name == "Alert-Info" {
		return c.c.AlertInfo()
	}
	return c.c.Header(name)
}
