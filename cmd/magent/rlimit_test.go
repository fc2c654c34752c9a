package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"magent/internal/testkit"
)

// underLimit runs magent from a shell that has set the limit of open files.
func underLimit(bin, limit string, args ...string) *exec.Cmd {
	script := fmt.Sprintf(`ulimit %s && exec "$0" "$@"`, limit)
	return exec.Command("sh", append([]string{"-c", script, bin}, args...)...)
}

func softLimit(t *testing.T, p *process) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", p.PID))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "Max open files")
	limit, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		t.Fatal(err)
	}
	return limit
}

func testFileLimitRaised(t *testing.T, bin string) {
	p := start(t, underLimit(bin, "-S -n 64", "-s", deadServer, "-l", "127.0.0.1:0", "-n", "300"))
	asks(t, "tcp", p.listening()[0])
	if got := softLimit(t, p); got < 300+1+64 {
		t.Errorf("the limit is %d", got)
	}
	if strings.Contains(p.Log(), "open files") {
		t.Errorf("warned without reason: %s", p.Log())
	}
}

func testFileLimitTooLow(t *testing.T, bin string) {
	cmd := asNobody(underLimit(bin, "-n 100", "-s", deadServer, "-b", "127.0.0.1:2", "-l", "127.0.0.1:0", "--threads",
		"2", "-n", "300"))
	p := start(t, cmd)
	address := p.listening()[0]
	for range 71 {
		asks(t, "tcp", address)
	}
	if line, _ := bufio.NewReader(testkit.Dial(t, "tcp", address)).ReadString('\n'); !strings.Contains(line,
		"Too many open connections") {
		t.Errorf("client 72 got %q", line)
	}
	warning := p.line("open files")
	want := "-n 300 needs 368 open files but the limit is 100: only 71 clients are served at a time; raise it with " +
		"ulimit -n 368 (systemd: LimitNOFILE=368)"
	if warning["message"] != want || warning["level"] != "warn" {
		t.Errorf("\n got %v\nwant %s", warning, want)
	}
	if n := strings.Count(p.Log(), "open files"); n != 1 {
		t.Errorf("%d warnings", n)
	}
	if got := softLimit(t, p); got != 100 {
		t.Errorf("the limit is %d", got)
	}
}
