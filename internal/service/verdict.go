package service

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A process keeps what became of its last reload in a file in memory, so that whoever has sent SIGUSR1 learns it: the
// file stands among the open files of the process in /proc, for its user and for root. Nothing is left of it on any
// disk.

// verdictName is the name of that file.
const verdictName = "magent-reload"

// Verdict is what became of a reload.
type Verdict struct {
	Number int    `json:"number"` // of the reload, from 1; 0: there was none
	Error  string `json:"error"`  // empty: it was applied
}

// verdicts writes them. nil does nothing.
type verdicts struct {
	f *os.File
	n int
}

// newVerdicts makes the file. Without memory for it the process goes on: nobody learns of reloads then but by the log.
func newVerdicts() *verdicts {
	fd, err := unix.MemfdCreate(verdictName, unix.MFD_CLOEXEC)
	if err != nil {
		return nil
	}
	v := &verdicts{f: os.NewFile(uintptr(fd), verdictName)}
	v.write(Verdict{})
	return v
}

// tell writes what became of one more reload.
func (v *verdicts) tell(err error) {
	if v == nil {
		return
	}
	v.n++
	what := Verdict{Number: v.n}
	if err != nil {
		what.Error = err.Error()
	}
	v.write(what)
}

// write replaces what the file has. Who reads it meanwhile finds no complete JSON, and reads again.
func (v *verdicts) write(what Verdict) {
	text, err := json.Marshal(what)
	if err == nil && v.f.Truncate(0) == nil {
		_, _ = v.f.WriteAt(text, 0)
	}
}

func (v *verdicts) close() {
	if v != nil {
		v.f.Close()
	}
}

// ErrNoVerdict is the error when a process was told to reload, and what became of it cannot be learned.
var ErrNoVerdict = errors.New("the result stands in its log")

// Undecided stands in the reason of a process if its fleet may apply a configuration later.
const Undecided = "it is not known yet whether what places keys changes"

// ReloadError is why a process has not applied its configuration, in its own words. There may be several lines.
type ReloadError struct{ text string }

func (e *ReloadError) Error() string { return e.text }

// reloadPoll is the time between two looks whether a reload has ended.
const reloadPoll = 20 * time.Millisecond

// Reload sends SIGUSR1 to a process and waits until it has read its configuration again. An error is a *ReloadError if
// the process has refused it, and ErrNoVerdict if this user may not learn it.
func Reload(pid int, within time.Duration) error {
	path := verdictOf(pid)
	before, known := readVerdict(path)
	if err := syscall.Kill(pid, syscall.SIGUSR1); err != nil {
		return err
	}
	if path == "" || !known {
		return ErrNoVerdict
	}
	for end := time.Now().Add(within); time.Now().Before(end); time.Sleep(reloadPoll) {
		now, ok := readVerdict(path)
		switch {
		case !ok && syscall.Kill(pid, 0) != nil:
			return fmt.Errorf("process %d has ended", pid)
		case ok && now.Number > before.Number && now.Error != "":
			return &ReloadError{now.Error}
		case ok && now.Number > before.Number:
			return nil
		}
	}
	return fmt.Errorf("process %d has not read its file within %v: its log says what holds it up", pid, within)
}

// verdictOf returns the path of the file of a process; empty: it cannot be seen.
func verdictOf(pid int) string {
	links, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	for _, link := range links {
		if to, err := os.Readlink(link); err == nil && to == "/memfd:"+verdictName+" (deleted)" {
			return link
		}
	}
	return ""
}

// readVerdict returns the last verdict. ok is false while it is being written, and if it cannot be read.
func readVerdict(path string) (v Verdict, ok bool) {
	text, err := os.ReadFile(path)
	return v, err == nil && json.Unmarshal(text, &v) == nil
}
