package asterisk

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"callplane/controller/engine"
)

// client is ARI's REST side over kept-alive connections.
type client struct {
	base           string
	user, password string
	http           *http.Client
	transport      *http.Transport
}

func newClient(cfg Config) *client {
	t := &http.Transport{
		DialContext:           (&net.Dialer{Timeout: 2 * time.Second}).DialContext,
		MaxIdleConns:          64,
		MaxIdleConnsPerHost:   64,
		MaxConnsPerHost:       128,
		IdleConnTimeout:       30 * time.Second,
		ResponseHeaderTimeout: 30 * time.Second,
		DisableCompression:    true,
	}
	return &client{
		base: "http://" + cfg.ARIAddr + "/ari", user: cfg.ARIUser, password: cfg.ARIPassword,
		http: &http.Client{Transport: t}, transport: t,
	}
}

func (c *client) close() { c.transport.CloseIdleConnections() }

// statusError is an answer of ARI that is not a success.
type statusError struct {
	Method, Path string
	Status       int
	Message      string
}

func (e *statusError) Error() string {
	return fmt.Sprintf("%s %s: %d %s", e.Method, e.Path, e.Status, e.Message)
}

// Is maps ARI's statuses to the port's errors.
func (e *statusError) Is(target error) bool {
	switch target {
	case engine.ErrNoLeg:
		// 409: the channel has left the application already, it is being hung up.
		return strings.HasPrefix(e.Path, "/channels/") && (e.Status == http.StatusNotFound ||
			e.Status == http.StatusConflict && !strings.Contains(e.Message, "already exists"))
	case engine.ErrState:
		return e.Status == http.StatusPreconditionFailed
	case engine.ErrRefused:
		return e.Status >= 400
	}
	return false
}

func statusOf(err error) int {
	var se *statusError
	if errors.As(err, &se) {
		return se.Status
	}
	return 0
}

// path joins escaped segments.
func path(segments ...string) string {
	var b strings.Builder
	for _, s := range segments {
		b.WriteByte('/')
		b.WriteString(url.PathEscape(s))
	}
	return b.String()
}

// do sends a command. params go in the query, body as JSON if it is not nil; a success is decoded
// into out if that is not nil.
func (c *client) do(ctx context.Context, method, path string, params url.Values, body, out any) error {
	target := c.base + path
	if len(params) > 0 {
		target += "?" + strings.ReplaceAll(params.Encode(), "+", "%20")
	}
	var rd io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("%s %s: %w", method, path, err)
		}
		rd = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, target, rd)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	req.SetBasicAuth(c.user, c.password)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("%s %s: %w", method, path, ctx.Err())
		}
		return fmt.Errorf("%s %s: %w: %w", method, path, engine.ErrDown, err)
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	if err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("%s %s: %w", method, path, ctx.Err())
		}
		return fmt.Errorf("%s %s: %w: %w", method, path, engine.ErrDown, err)
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return &statusError{Method: method, Path: path, Status: resp.StatusCode, Message: message(data)}
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(data, out); err != nil {
		return fmt.Errorf("%s %s: answer: %w", method, path, err)
	}
	return nil
}

// message takes the words out of an error body, whatever its shape.
func message(data []byte) string {
	var m struct {
		Message string `json:"message"`
		Error   string `json:"error"`
	}
	if json.Unmarshal(data, &m) == nil {
		if m.Message != "" {
			return m.Message
		}
		if m.Error != "" {
			return m.Error
		}
	}
	if len(data) > 200 {
		data = data[:200]
	}
	return strings.TrimSpace(strings.ToValidUTF8(string(data), "?"))
}

func (c *client) post(ctx context.Context, path string, params url.Values) error {
	return c.do(ctx, http.MethodPost, path, params, nil, nil)
}

func (c *client) delete(ctx context.Context, path string, params url.Values) error {
	return c.do(ctx, http.MethodDelete, path, params, nil, nil)
}

// setVar sets a variable or function of a channel; the value travels in the body, where
// its length does not matter.
func (c *client) setVar(ctx context.Context, channel, name, value string) error {
	return c.do(ctx, http.MethodPost, path("channels", channel, "variable"), nil,
		map[string]string{"variable": name, "value": value}, nil)
}

// variable reads a variable or function of a channel, of none if channel is empty. One that is not set is empty.
func (c *client) variable(ctx context.Context, channel, name string) (string, error) {
	var v struct {
		Value string `json:"value"`
	}
	p := "/asterisk/variable"
	if channel != "" {
		p = path("channels", channel, "variable")
	}
	err := c.do(ctx, http.MethodGet, p, url.Values{"variable": {name}}, nil, &v)
	var se *statusError
	if errors.As(err, &se) && se.Status == http.StatusNotFound && strings.Contains(se.Message, "variable") {
		return "", nil
	}
	return v.Value, err
}
