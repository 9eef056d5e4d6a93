package browser

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// compile checks the specs and makes JavaScript of them; it returns what Node runs.
func compile(t *testing.T) (script string) {
	t.Helper()
	tsc := filepath.Join("node_modules", "typescript", "bin", "tsc")
	if _, err := os.Stat(tsc); err != nil {
		t.Fatalf("the specs' packages are missing, make specs fetches them: %v", err)
	}
	if err := os.RemoveAll("build"); err != nil { // a spec that is gone must not run
		t.Fatal(err)
	}
	if out, err := exec.Command("node", tsc).CombinedOutput(); err != nil {
		t.Fatalf("the specs do not compile: %v\n%s", err, out)
	}
	return filepath.Join("build", "runner", "main.js")
}

// node is the process with the browser. Lines of JSON go both ways: see runner/link.ts.
type node struct {
	specs []specName
	asks  func(ask) (any, error)
	in    io.WriteCloser
	ended chan struct{}

	mu    sync.Mutex
	last  int
	waits map[int]chan string
	work  sync.WaitGroup
}

type specName struct {
	Name   string
	Phones bool
	Maker  bool // runs only when it is asked for
}

// ask is what a spec wants to be done.
type ask struct {
	Ask  int
	Run  int
	Op   string
	Args json.RawMessage
}

// startNode starts the process, which lists its specs; asks does what they ask for.
func startNode(t *testing.T, script string, asks func(ask) (any, error)) *node {
	t.Helper()
	n := &node{asks: asks, ended: make(chan struct{}), waits: map[int]chan string{}}
	cmd := exec.Command("node", script)
	cmd.Env = append(os.Environ(), "CHROMIUM="+chromium(t))
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var said lockedBuffer
	cmd.Stderr = &said
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	n.in = in
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close() // ends it
		select {
		case <-n.ended:
		case <-time.After(20 * time.Second):
			_ = cmd.Process.Kill()
			<-n.ended
			t.Error("node did not end")
		}
		n.work.Wait()
		if err := cmd.Wait(); err != nil || t.Failed() {
			t.Logf("node: %v %s", err, said.String())
		}
	})
	listed := make(chan struct{})
	go n.follow(t, out, listed)
	select {
	case <-listed:
	case <-n.ended:
		t.Fatal("node ended at once: ", said.String())
	}
	return n
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// follow reads what node says until it ends.
func (n *node) follow(t *testing.T, out io.Reader, listed chan<- struct{}) {
	defer close(n.ended)
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var m struct {
			ask
			Specs []specName
			Done  int
			Error string
		}
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			t.Errorf("node: %s", lines.Bytes())
			continue
		}
		switch {
		case m.Specs != nil:
			n.specs = m.Specs
			close(listed)
		case m.Done != 0:
			n.mu.Lock()
			c := n.waits[m.Done]
			delete(n.waits, m.Done)
			n.mu.Unlock()
			if c != nil {
				c <- m.Error
			}
		case m.Ask != 0:
			n.work.Go(func() {
				value, err := n.asks(m.ask)
				reply := map[string]any{"reply": m.Ask, "value": value}
				if err != nil {
					reply["error"] = err.Error()
				}
				n.send(reply)
			})
		}
	}
}

func (n *node) send(v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // maps of what JSON knows
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	_, _ = n.in.Write(append(b, '\n')) // node is gone: follow tells
}

// begin gives a run its number.
func (n *node) begin() (id int, done <-chan string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.last++
	c := make(chan string, 1)
	n.waits[n.last] = c
	return n.last, c
}
