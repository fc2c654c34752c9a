package testkit

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// clockTick is the unit of CPU times in /proc. USER_HZ is 100 on every Linux that Go supports.
const clockTick = time.Second / 100

// RSS returns the resident memory of the process in bytes.
func (p *Process) RSS() int64 {
	p.tb.Helper()
	fields := strings.Fields(p.proc("statm"))
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		p.tb.Fatalf("statm of %s: %v", p.Name, err)
	}
	return pages * int64(os.Getpagesize())
}

// CPU returns the user and system time that the process has used so far.
func (p *Process) CPU() time.Duration {
	p.tb.Helper()
	stat := p.proc("stat")
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:]) // from "state" on, the third field
	var ticks time.Duration
	for _, text := range fields[11:13] { // utime, stime
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			p.tb.Fatalf("stat of %s: %v", p.Name, err)
		}
		ticks += time.Duration(n)
	}
	return ticks * clockTick
}

// FDs returns the number of open file descriptors of the process.
func (p *Process) FDs() int {
	p.tb.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.PID))
	if err != nil {
		p.tb.Fatalf("fds of %s: %v", p.Name, err)
	}
	return len(entries)
}

// Threads returns the number of OS threads of the process.
func (p *Process) Threads() int {
	p.tb.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", p.PID))
	if err != nil {
		p.tb.Fatalf("threads of %s: %v", p.Name, err)
	}
	return len(entries)
}

// stopped returns an error as long as a thread of the process is not stopped.
func (p *Process) stopped() error {
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", p.PID))
	if err != nil {
		return err
	}
	for _, task := range tasks {
		stat, err := os.ReadFile(task)
		if err != nil {
			return err
		}
		state := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))[0]
		if state != "T" {
			return fmt.Errorf("a thread is in state %s", state)
		}
	}
	return nil
}

func (p *Process) proc(file string) string {
	p.tb.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", p.PID, file))
	if err != nil {
		p.tb.Fatalf("%s: %v", p.Name, err)
	}
	return string(text)
}

// Pause is SIGSTOP: the process keeps its connections and says nothing. It returns when all its threads stand still.
func (p *Process) Pause() {
	p.tb.Helper()
	p.Signal(syscall.SIGSTOP)
	Eventually(p.tb, p.Name+" stands still", p.stopped)
}

// Resume is SIGCONT.
func (p *Process) Resume() { p.Signal(syscall.SIGCONT) }

// Gone reports whether a process, which may be nobody's child, has ended. A zombie has.
func Gone(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	_, state, _ := strings.Cut(string(text), ") ")
	return strings.HasPrefix(state, "Z")
}
