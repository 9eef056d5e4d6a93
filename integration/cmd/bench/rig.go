package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"sync"
	"time"

	"callplane/controller/acd"
	"callplane/controller/call"
	"callplane/controller/engine"
	"callplane/controller/flow"
	"callplane/dialplan"
	"callplane/integration/sipp"
	"callplane/integration/tone"
	"callplane/store"
)

// variant is how the calls of a measurement are decided.
type variant struct {
	name   string
	static bool          // by the engine's own dialplan
	poke   time.Duration // FreeSWITCH: Config.Poke; 0: as it is in production
	later  bool          // FreeSWITCH: the first decision is a command, not the answer to the engine's question
	// Of the static dialplan, to see what the parts cost: the engine asks over HTTP and hears that it is to decide;
	// the driver is connected and hears the events of calls that it does not know.
	ask, listen bool
}

func production() variant { return variant{name: "controller"} }

func native() variant { return variant{name: "static dialplan", static: true} }

// machine is a running media server.
type machine interface {
	pid() int
	// addresses where phones register and carriers call
	phones() string
	carriers() string
	// driver makes one with the handler of the engine's questions over HTTP.
	driver(*store.Directory, variant) (engine.Engine, http.Handler)
	// alone lets the engine decide by its static dialplan without asking (true), or as in production.
	alone(context.Context, bool) error
	// native prepares the engine's own pickup, parking and hold music.
	native(context.Context) error
	// rivalQueue is the name of the engine's own queue; queue prepares it, with agents at a port of this machine.
	rivalQueue() string
	queue(ctx context.Context, agents []string, port int) error
	// clear hangs up everything and waits until nothing is left.
	clear(context.Context) error
	logs() string
	stop()
}

// kind of call.
type kind struct {
	name    string
	what    string
	number  string
	static  string // what is dialled instead when the engine's own dialplan decides
	bridges bool   // to the registered phone
}

func kinds() []kind {
	return []kind{
		{"answer", "answer, hang-up", number(0, 9), "static-answer", false},
		{"menu", "answer, announcement, hang-up", number(0, toMenu), "static-menu", false},
		{"bridge", "ring, bridge to a second leg, hang-up", number(0, toUser), "static-bridge", true},
	}
}

// Ports of the benchmark's own processes.
const (
	portCaller = 30100 + iota
	portCallee
	portHTTP
	portSIP
	portTrunk
	portESL
	portARI
	portAMI
)

const (
	rtpFirst, rtpLast = 31000, 33998
	phoneUser         = "c00000x101" // channel of user 101 of company 0
	// ringing is how long the called phone rings, talking how long a call lasts after answer.
	ringing, talking = 100 * time.Millisecond, 200 * time.Millisecond
)

// rig is an engine with a controller, a caller and a phone that answers.
type rig struct {
	machine
	dir    *store.Directory
	prompt string
	web    *http.Server
	webWG  sync.WaitGroup

	mu      sync.Mutex
	handler http.Handler
	asked   int // questions of the engine over HTTP
}

// openRig starts an engine and registers the phone.
func openRig(ctx context.Context, o options, name string) (*rig, error) {
	r := &rig{handler: http.NotFoundHandler(), prompt: filepath.Join(o.dir, "menu.wav")}
	pcm := make([]int16, 2*tone.Rate)
	tone.NewGenerator(-20, 440).Read(pcm)
	if err := tone.WriteWAV(r.prompt, pcm); err != nil {
		return nil, err
	}
	var err error
	if r.dir, err = platform(2000); err != nil {
		return nil, err
	}
	loopback := netip.MustParseAddr("127.0.0.1")
	trunk := *r.dir.Trunks()[0]
	trunk.Name, trunk.Host, trunk.Port, trunk.Sources = "bench", loopback.String(), portCaller, []netip.Prefix{netip.PrefixFrom(loopback, 32)}
	r.dir.SetTrunks([]*dialplan.Trunk{&trunk})
	r.dir.Account(1).Channels[phoneUser].CallLimit = 1 << 20 // the load of a whole company on one phone

	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", portHTTP))
	if err != nil {
		return nil, err
	}
	r.web = &http.Server{Handler: r, ReadHeaderTimeout: 5 * time.Second}
	r.webWG.Go(func() { _ = r.web.Serve(l) }) // ends with close
	if r.machine, err = startMachine(ctx, o, name, "http://"+l.Addr().String(), r.prompt); err != nil {
		r.close()
		return nil, err
	}
	if err := r.register(ctx, phoneUser); err != nil {
		err = fmt.Errorf("%w\n%s", err, r.logs())
		r.close()
		return nil, err
	}
	return r, nil
}

func startMachine(ctx context.Context, o options, name, url, prompt string) (machine, error) {
	switch name {
	case "freeswitch":
		return startFreeSWITCH(ctx, filepath.Join(o.dir, name), url, prompt)
	case "asterisk":
		return startAsterisk(ctx, filepath.Join(o.dir, name), url, prompt)
	}
	return nil, fmt.Errorf("no engine %q", name)
}

// ServeHTTP gives the engine's questions to the controller of the moment.
func (r *rig) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	h := r.handler
	r.asked++
	r.mu.Unlock()
	h.ServeHTTP(w, req)
}

// answer has a handler answer from now on.
func (r *rig) answer(h http.Handler) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.handler = h
}

func (r *rig) questions() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.asked
}

func (r *rig) close() {
	if r.machine != nil {
		r.stop()
	}
	_ = r.web.Close()
	r.webWG.Wait()
}

// control connects a controller as the variant says; end takes it away.
func (r *rig) control(ctx context.Context, v variant) (rt *call.Runtime, end func(), err error) {
	if err := r.alone(ctx, v.static && !v.ask); err != nil {
		return nil, nil, err
	}
	if v.ask {
		r.answer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `<document type="freeswitch/xml"><section name="result"><result status="not found"/></section></document>`)
		}))
	}
	if v.static && !v.listen {
		return nil, func() {}, nil
	}
	hub := acd.NewHub(acd.Config{Phones: flow.QueuePhones(func(id dialplan.AccountID) *call.Live { return rt.Live(id) })})
	router := flow.NewRouter(flow.Config{Queues: hub})
	bare := kinds()[0].number
	rt, err = newRuntime(r.dir, r.prompt, func(ctx context.Context, c *call.Call) error {
		if c.Dialed != bare {
			return router.Run(ctx, c)
		}
		// No extension only answers; this is the runtime and the driver without a flow.
		if err := c.Answer(ctx); err != nil {
			return err
		}
		<-ctx.Done()
		return context.Cause(ctx)
	})
	if err != nil {
		hub.Close()
		return nil, nil, err
	}
	unfollow := flow.FollowQueues(hub, rt)
	e, h := r.driver(r.dir, v)
	if !v.ask {
		r.answer(h)
	}
	run, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	up := make(chan struct{}, 16)
	wg.Go(func() {
		_ = e.Run(run, rt.Handler(e, func(ok bool) { // ends with cancel only
			if ok {
				up <- struct{}{}
			}
		}))
	})
	end = func() {
		rt.Close()
		unfollow()
		hub.Close()
		cancel()
		wg.Wait()
	}
	ctx, stop := context.WithTimeout(ctx, 40*time.Second) // an engine that was overloaded takes its time
	defer stop()
	select {
	case <-up:
	case <-ctx.Done():
		end()
		return nil, nil, errors.New("the engine did not connect: " + r.logs())
	}
	var trunks []engine.Trunk
	for _, t := range r.dir.Trunks() {
		trunks = append(trunks, engine.Trunk{Name: t.Name, Host: t.Host, Port: t.Port, Transport: t.Transport, Sources: t.Sources})
	}
	if err := e.SetTrunks(ctx, trunks); err != nil {
		end()
		return nil, nil, err
	}
	return rt, end, nil
}

// register registers phones that answer; the engine remembers them for all that follows.
func (r *rig) register(ctx context.Context, channels ...string) error {
	rt, end, err := r.control(ctx, production())
	if err != nil {
		return err
	}
	defer end()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for _, ch := range channels {
		_, err = sipp.Run(ctx, sipp.Register, sipp.Options{
			Target: r.phones(), LocalPort: portCallee, AuthUser: ch, AuthPassword: r.dir.Account(1).Channels[ch].Password,
			Keys: map[string]string{"from": ch, "domain": domain, "expires": "3600"},
		})
		if err != nil {
			return fmt.Errorf("register %s: %w", ch, err)
		}
		for len(rt.Live(1).Registrations(ch)) == 0 {
			select {
			case <-time.After(20 * time.Millisecond):
			case <-ctx.Done():
				return fmt.Errorf("the registration of %s was not told", ch)
			}
		}
	}
	return nil
}
