package phone

import (
	"bytes"
	"fmt"
	"os"
	"runtime/pprof"
	"testing"
)

// TestMain fails the run if a phone left a goroutine behind: Close has to wait for every one.
func TestMain(m *testing.M) {
	code := m.Run()
	var stacks bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&stacks, 1); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	if code == 0 && bytes.Contains(stacks.Bytes(), []byte("integration/phone.(*")) {
		fmt.Fprintf(os.Stderr, "goroutines left behind:\n%s", &stacks)
		code = 1
	}
	os.Exit(code)
}
