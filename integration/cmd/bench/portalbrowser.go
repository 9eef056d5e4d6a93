package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"callplane/admin/ui"
)

// browserDir has what drives Chromium.
const browserDir = "integration/browser"

// firstRows measures how soon the list of the big account's extensions is on a browser's screen.
func firstRows(ctx context.Context, o options, base string, account int) error {
	loads := 5
	if o.short {
		loads = 2
	}
	if why := noBrowser(); why != nil {
		fmt.Printf("\n# The browser is not measured: %v\n", why)
		return nil
	}
	if out, err := exec.CommandContext(ctx, "node", filepath.Join(browserDir, "node_modules/typescript/bin/tsc"), "-p", browserDir).CombinedOutput(); err != nil {
		return fmt.Errorf("compile %s: %w: %.500s", browserDir, err, out)
	}
	order, err := json.Marshal(map[string]any{"url": base, "email": portalEmail, "password": portalPassword, "account": account, "first": portalFirst, "loads": loads})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", filepath.Join(browserDir, "build/measure/first_rows.js"), string(order))
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var said bytes.Buffer
	cmd.Stderr = &said
	answer, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("browser: %w: %.1000s", err, said.String())
	}
	var times struct{ Cold, Warm, Click []float64 }
	if err := json.Unmarshal(answer, &times); err != nil {
		return fmt.Errorf("browser: %w: %.200s", err, answer)
	}
	t := newTable(fmt.Sprintf("Browser: list of %d extensions on loopback, until its first rows are painted (ms)", portalBig), "from", "loads", "p50", "longest")
	for _, x := range []struct {
		from string
		ms   []float64
	}{{"navigation, nothing in the browser's cache", times.Cold}, {"navigation, the portal in its cache", times.Warm}, {"click in the open portal", times.Click}} {
		var s sample
		for _, v := range x.ms {
			s = append(s, time.Duration(v*float64(time.Millisecond)))
		}
		s.sort()
		t.add(x.from, fmt.Sprint(len(s)), ms(s.at(50)), ms(s.at(100)))
	}
	t.print()
	fmt.Printf("\nLoad of the last minute %s.\n", loadAverage())
	return nil
}

// noBrowser says what is missing; nil: nothing.
func noBrowser() error {
	chromium := os.Getenv("CHROMIUM")
	if chromium == "" {
		chromium = "/usr/bin/chromium"
	}
	if _, err := os.Stat(chromium); err != nil {
		return fmt.Errorf("no Chromium, deploy/deps.sh test installs it: %w", err)
	}
	if _, err := exec.LookPath("node"); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(browserDir, "node_modules/playwright-core")); err != nil {
		return fmt.Errorf("its packages are missing, make specs fetches them (and the benchmark runs in the project's folder): %w", err)
	}
	if !ui.Built() {
		return errors.New("the portal is not in this binary, make ui builds it")
	}
	return nil
}
