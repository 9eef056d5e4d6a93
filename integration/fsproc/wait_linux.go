package fsproc

import (
	"os/exec"
	"runtime"
)

// wait starts cmd and reaps it. It keeps its thread: PR_SET_PDEATHSIG (prctl(2)) fires when the
// thread that started the child ends, not the process.
func (p *Proc) wait(cmd *exec.Cmd, started chan<- error, done chan<- struct{}) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		started <- err
		return
	}
	started <- nil
	p.err = cmd.Wait()
	close(done)
}
