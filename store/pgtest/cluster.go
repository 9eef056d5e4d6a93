// Package pgtest runs private PostgreSQL clusters: one for the tests of a process, with a
// database of its own for every test, and a lasting one for a single-machine service.
package pgtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// Options of a cluster. The zero value is a cluster for tests.
type Options struct {
	// Dir holds the cluster; empty: a new one below the directory for temporary files, removed
	// when the cluster stops or this process dies. Run as root it is handed to the
	// user postgres (or nobody), who must be able to reach it.
	Dir string
	// Port on 127.0.0.1, with a password; 0: only the Unix socket in Dir, reachable for
	// its owner and root.
	Port uint16
	// Durable waits for the disk at every commit. Without it a crash of the machine (not
	// of the server) destroys the cluster.
	Durable bool
}

// Cluster is a running PostgreSQL server. When the process that started it dies, however it
// dies, the server is stopped.
type Cluster struct {
	bin, dir, data, socket string
	password               string
	port                   uint16
	opt                    Options
	cred                   *syscall.Credential

	mu    sync.Mutex
	guard *exec.Cmd // nil while stopped
	hold  io.Closer // its end is what the guard waits for
}

const superuser = "callplane"

// Start makes the cluster in o.Dir if there is none and starts it. It returns when
// connections are accepted; ctx bounds the waiting, not the life of the cluster.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	c := &Cluster{bin: bin, opt: o, port: o.Port, dir: o.Dir}
	if os.Geteuid() == 0 {
		if c.cred, err = serverUser(); err != nil {
			return nil, err
		}
	}
	if o.Dir == "" {
		if c.dir, err = os.MkdirTemp("", "callplane-pg-"); err != nil {
			return nil, fmt.Errorf("make directory of the cluster: %w", err)
		}
	}
	if c.dir, err = filepath.Abs(c.dir); err != nil {
		return nil, fmt.Errorf("directory of the cluster: %w", err)
	}
	if err := c.prepare(ctx); err != nil {
		c.removeTemporary()
		return nil, err
	}
	if err := c.run(ctx); err != nil {
		c.removeTemporary()
		return nil, err
	}
	return c, nil
}

// binaries finds the newest server installed.
func binaries() (string, error) {
	dirs, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	slices.SortFunc(dirs, func(a, b string) int { return len(a) - len(b) + strings.Compare(a, b) })
	if len(dirs) > 0 {
		return filepath.Dir(dirs[len(dirs)-1]), nil
	}
	p, err := exec.LookPath("initdb")
	if err != nil {
		return "", errors.New("PostgreSQL server is not installed: no initdb in /usr/lib/postgresql/*/bin or on PATH")
	}
	return filepath.Dir(p), nil
}

// serverUser is whom root runs the server as: PostgreSQL refuses to run as root.
func serverUser() (*syscall.Credential, error) {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(err1, err2); err != nil {
			return nil, fmt.Errorf("user %s: %w", name, err)
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.New("PostgreSQL can't run as root and there is no user postgres or nobody")
}

func (c *Cluster) prepare(ctx context.Context) error {
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return fmt.Errorf("make directory of the cluster: %w", err)
	}
	if c.cred != nil {
		if err := os.Chown(c.dir, int(c.cred.Uid), int(c.cred.Gid)); err != nil {
			return fmt.Errorf("hand %s to the server's user: %w", c.dir, err)
		}
	}
	c.data = filepath.Join(c.dir, "data")
	if err := c.socketDir(); err != nil {
		return err
	}
	secret := filepath.Join(c.dir, "password")
	if _, err := os.Stat(filepath.Join(c.data, "PG_VERSION")); err == nil {
		b, err := os.ReadFile(secret)
		if err != nil {
			return fmt.Errorf("password of the cluster: %w", err)
		}
		c.password = strings.TrimSpace(string(b))
		return nil
	}
	c.password = rand.Text()
	if err := os.WriteFile(secret, []byte(c.password+"\n"), 0o600); err != nil {
		return fmt.Errorf("password of the cluster: %w", err)
	}
	if c.cred != nil {
		if err := os.Chown(secret, int(c.cred.Uid), int(c.cred.Gid)); err != nil {
			return fmt.Errorf("password of the cluster: %w", err)
		}
	}
	args := []string{"-D", c.data, "-U", superuser, "-E", "UTF8", "--locale=C.UTF-8",
		"--auth-local=trust", "--auth-host=scram-sha-256", "--pwfile=" + secret}
	if !c.opt.Durable {
		args = append(args, "--no-sync")
	}
	if err := c.command(ctx, "initdb", args...); err != nil {
		// Half a cluster would be taken for a whole one next time.
		return errors.Join(err, os.RemoveAll(c.data))
	}
	return nil
}

// socketDir chooses where the socket is: in Dir, unless its path would be longer than the 107
// bytes that an address has room for.
func (c *Cluster) socketDir() error {
	if len(c.dir) < 80 {
		c.socket = c.dir
		return nil
	}
	dir, err := os.MkdirTemp("/tmp", "callplane-sock-")
	if err != nil {
		return fmt.Errorf("make directory of the socket: %w", err)
	}
	c.socket = dir
	if c.cred != nil {
		if err := os.Chown(dir, int(c.cred.Uid), int(c.cred.Gid)); err != nil {
			return fmt.Errorf("hand %s to the server's user: %w", dir, err)
		}
	}
	return nil
}

func (c *Cluster) command(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, name), args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.cred}
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s for %s: %w: %s%s", name, c.dir, err, strings.TrimSpace(out.String()), c.reachable())
	}
	return nil
}

// reachable explains the commonest failure of all when run as root: a home directory in between.
func (c *Cluster) reachable() string {
	if c.cred == nil {
		return ""
	}
	for d := filepath.Dir(c.dir); d != "/"; d = filepath.Dir(d) {
		if fi, err := os.Stat(d); err == nil && fi.Mode().Perm()&0o001 == 0 {
			return fmt.Sprintf(" (%s can't be entered by uid %d: choose another directory)", d, c.cred.Uid)
		}
	}
	return ""
}

// guardScript starts the server and stops it when standard input ends, which it does when
// the process at its other end stops it or dies, by whatever signal.
const guardScript = `
exec 3<&0 </dev/null
"$1/postgres" -D "$2" >>"$3/log" 2>&1 3<&- &
pid=$!
(
	read -r how <&3 || : >"$3/gone"
	kill -s "${how:-$4}" $pid
) >/dev/null 2>&1 &
reader=$!
wait $pid
kill $reader 2>/dev/null
if [ "$5" = temporary ] && [ -e "$3/gone" ]; then rm -rf "$3"; else rm -f "$3/gone"; fi
exit 0
`

func (c *Cluster) run(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.guard != nil {
		return errors.New("cluster is running")
	}
	if err := c.configure(); err != nil {
		return err
	}
	// After Kill the sessions of the old server need a moment to notice; until then a new
	// one refuses to share their memory.
	for deadline := time.Now().Add(10 * time.Second); ; {
		err := c.launch(ctx)
		if err == nil || !strings.Contains(err.Error(), "is still in use") || time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (c *Cluster) launch(ctx context.Context) error {
	gone, life := "QUIT", "temporary"
	if c.opt.Durable {
		gone = "INT" // fast shutdown with a checkpoint: the next start is quick
	}
	if c.opt.Dir != "" {
		life = "lasting"
	}
	cmd := exec.Command("/bin/sh", "-c", guardScript, "sh", c.bin, c.data, c.dir, gone, life)
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "TZ=UTC"}
	// A group of its own: Ctrl-C in a terminal reaches this process first, which decides
	// when the database goes.
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.cred, Setpgid: true}
	in, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("start PostgreSQL: %w", err)
	}
	logged := c.logSize()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start PostgreSQL: %w", err)
	}
	c.guard, c.hold = cmd, in
	if err := c.await(ctx, logged); err != nil {
		_ = in.Close()
		_ = cmd.Wait()
		c.guard, c.hold = nil, nil
		return err
	}
	return nil
}

func (c *Cluster) configure() error {
	var b strings.Builder
	fmt.Fprintf(&b, "unix_socket_directories = '%s'\nunix_socket_permissions = 0700\n", c.socket)
	if c.port != 0 {
		fmt.Fprintf(&b, "listen_addresses = '127.0.0.1'\nport = %d\n", c.port)
	} else {
		b.WriteString("listen_addresses = ''\n")
	}
	b.WriteString("max_connections = 100\nlogging_collector = off\nlog_line_prefix = '%m %p %d '\n")
	b.WriteString("timezone = 'UTC'\njit = off\nlc_messages = 'C'\n")
	if !c.opt.Durable {
		b.WriteString("fsync = off\nfull_page_writes = off\nsynchronous_commit = off\n" +
			"autovacuum = off\nshared_buffers = '128MB'\nmax_wal_size = '2GB'\nwal_level = minimal\nmax_wal_senders = 0\n")
	}
	name := filepath.Join(c.data, "postgresql.auto.conf")
	if err := os.WriteFile(name, []byte(b.String()), 0o600); err != nil {
		return fmt.Errorf("configure PostgreSQL: %w", err)
	}
	if c.cred != nil {
		if err := os.Chown(name, int(c.cred.Uid), int(c.cred.Gid)); err != nil {
			return fmt.Errorf("configure PostgreSQL: %w", err)
		}
	}
	return nil
}

// await connects until the server accepts, or is seen to have given up.
func (c *Cluster) await(ctx context.Context, logged int64) error {
	ctx, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, c.DSN("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		if c.gaveUp() {
			return fmt.Errorf("PostgreSQL did not start: %s", c.logSince(logged))
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for PostgreSQL: %w: %s", errors.Join(ctx.Err(), err), c.logSince(logged))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// gaveUp tells that the server has ended, and its guard with it.
func (c *Cluster) gaveUp() bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.guard.Process.Pid))
	if err != nil {
		return true
	}
	_, after, _ := strings.Cut(string(b), ") ")
	return strings.HasPrefix(after, "Z")
}

func (c *Cluster) logSize() int64 {
	fi, err := os.Stat(filepath.Join(c.dir, "log"))
	if err != nil {
		return 0
	}
	return fi.Size()
}

// logSince is what the server has said since a start.
func (c *Cluster) logSince(from int64) string {
	b, _ := os.ReadFile(filepath.Join(c.dir, "log"))
	if int64(len(b)) > from {
		b = b[from:]
	}
	if len(b) > 1500 {
		b = b[len(b)-1500:]
	}
	return strings.TrimSpace(string(b))
}

// DSN of a database of the cluster, for the superuser who owns everything; empty: the
// database postgres.
func (c *Cluster) DSN(database string) string {
	if database == "" {
		database = "postgres"
	}
	u := url.URL{Scheme: "postgres", Path: "/" + database, User: url.User(superuser)}
	q := url.Values{}
	if c.port != 0 {
		u.User = url.UserPassword(superuser, c.password)
		u.Host = net.JoinHostPort("127.0.0.1", strconv.Itoa(int(c.port)))
		q.Set("sslmode", "disable")
	} else {
		q.Set("host", c.socket)
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// Stop shuts the server down (fast: sessions are ended, data is kept) and waits for it. A
// temporary directory is removed. Stopped already: nothing happens.
func (c *Cluster) Stop() error {
	err := c.end("INT")
	c.removeTemporary()
	return err
}

// Kill ends the server as a crash would (SIGKILL to its main process) and waits until it is
// gone. Restart brings it back.
func (c *Cluster) Kill() error { return c.end("KILL") }

// Restart starts the server again after Kill, or stops and starts it.
func (c *Cluster) Restart(ctx context.Context) error {
	if err := c.end("INT"); err != nil {
		return err
	}
	return c.run(ctx)
}

// end hands the guard the signal for the server and waits for both.
func (c *Cluster) end(sig string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.guard == nil {
		return nil
	}
	if _, err := io.WriteString(c.hold.(io.Writer), sig+"\n"); err != nil && !errors.Is(err, syscall.EPIPE) {
		return fmt.Errorf("stop PostgreSQL: %w", err)
	}
	_ = c.hold.Close()
	err := c.guard.Wait()
	c.guard, c.hold = nil, nil
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return fmt.Errorf("wait for the end of PostgreSQL: %w", err)
	}
	return nil
}

func (c *Cluster) removeTemporary() {
	if c.socket != c.dir && c.socket != "" {
		_ = os.RemoveAll(c.socket)
	}
	if c.opt.Dir == "" {
		_ = os.RemoveAll(c.dir)
	}
}
