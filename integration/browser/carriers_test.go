package browser

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	"callplane/integration/phone"
)

// otherCarrier is the phone of a carrier that the service does not know yet.
func (s *stage) otherCarrier(sc *scene) (any, error) {
	ip := fmt.Sprintf("127.71.2.%d", s.carriers.Add(1))
	p, err := phone.New(sc.ctx, phone.Config{User: "+31612345678", Domain: ip, BindIP: ip})
	if err != nil {
		return nil, err
	}
	sc.mu.Lock()
	defer sc.mu.Unlock()
	sc.phones[ip] = p
	addr, err := netip.ParseAddrPort(p.Addr())
	return map[string]any{"host": ip, "port": addr.Port()}, err
}

// trunks is the number of carriers that the engine has by now.
func (s *stage) trunks(ctx context.Context) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Ops+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		if n, ok := strings.CutPrefix(lines.Text(), `callplane_engine_trunks{engine="engine"} `); ok {
			return strconv.Atoi(n)
		}
	}
	return 0, errors.New("the metrics do not tell")
}
