package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"magent/internal/config"
	"magent/internal/fleet/core"
	"magent/internal/fleet/launch"
	"magent/internal/fleet/member"
	"magent/internal/fleet/view"
	"magent/internal/journal"
	"magent/internal/stats"
	"magent/internal/status"
	"magent/internal/testkit"
)

func TestWitnessFlags(t *testing.T) {
	s, err := parseWitness(strings.Fields(ofThree + " --member w --state-dir /x --fleet-lease 2s -u me --pid-file /p"))
	if err != nil || s.config.Fleet.Self != 2 || s.config.StateDir != "/x" || s.config.DrainTime != 5*time.Second ||
		s.user != "me" || s.pidFile != "/p" || s.config.Fleet.Lease != 2*time.Second || len(s.warnings) > 0 {
		t.Errorf("%+v, %v", s, err)
	}
	for _, c := range []struct{ line, want string }{
		{"", "--fleet is missing: give the witness the same list as the magents"},
		{ofThree + " --member w", "--fleet needs --state-dir DIR: a member must not forget what it has agreed to"},
		{ofThree + " --member a", `--member "a" is no witness in --fleet: write a=127.0.0.1:1/witness on all...`},
		{ofThree, "no witness of --fleet has an address of this machine..."},
		{ofThree + " --member w --state-dir /x -s a", "unknown flag -s..."},
	} {
		if c.line == ofThree {
			c.line = "--fleet a=10.0.0.1:1,w=10.255.255.255:1/witness"
		}
		checkUsage(t, "witness "+c.line, c.want)
	}
}

// fleet is one of a magent without a pool, in this process, and of witnesses.
type fleet struct {
	t       *testing.T
	bin     string
	members []config.FleetMember
	dirs    []string
	secret  string
}

// newFleet has a magent a, and witnesses v and w. None of them runs.
func newFleet(t *testing.T, bin string) *fleet {
	f := &fleet{t: t, bin: bin, secret: filepath.Join(t.TempDir(), "secret")}
	if err := os.WriteFile(f.secret, []byte("a secret of this fleet"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "v", "w"} {
		f.members = append(f.members, config.FleetMember{
			Name: name, Host: "127.0.0.1", Port: testkit.ReservePort(t), Witness: name != "a",
		})
		f.dirs = append(f.dirs, filepath.Join(t.TempDir(), name))
	}
	return f
}

func (f *fleet) list() string {
	var entries []string
	for _, m := range f.members {
		entries = append(entries, m.String())
	}
	return strings.Join(entries, ",")
}

// carry runs the member a, until the test ends or close is called, which ends it like a kill.
func (f *fleet) carry() (m *member.Member, close func()) {
	f.t.Helper()
	place := journal.Place{Dir: f.dirs[0]}
	lock, _, err := journal.Open(place, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	secret, err := os.ReadFile(f.secret)
	if err != nil {
		f.t.Fatal(err)
	}
	m, err = launch.Open(launch.Options{
		Fleet: &config.Fleet{Members: f.members, Secret: secret, Lease: time.Second}, Place: place,
		Groups: []view.Group{{Name: "all"}}, Pools: []byte("pools"), Log: zerolog.Nop(),
		Failed: func(err error) { f.t.Error(err) }, Note: func(stats.Event) {},
		Decided: func(c *core.Core, d core.Decision) {
			switch d.Act {
			case core.HandOver:
				c.Released(member.Now(), d.Group, d.Epoch, true)
			case core.Tell:
				c.Told(d.Name, d.Incarnation)
			}
		},
	})
	if err != nil {
		f.t.Fatal(err)
	}
	closed := false
	close = func() {
		if !closed {
			closed = true
			m.Close()
			lock.Close()
		}
	}
	f.t.Cleanup(close)
	return m, close
}

// vote starts a witness: 1 is v, 2 is w. more comes behind the flags.
func (f *fleet) vote(i int, more ...string) *process {
	f.t.Helper()
	args := append([]string{
		"witness", "--fleet", f.list(), "--member", f.members[i].Name, "--state-dir", f.dirs[i],
		"--fleet-secret-file", f.secret, "--admin", "127.0.0.1:0",
	}, more...)
	return start(f.t, exec.Command(f.bin, args...))
}

// watched is where a witness is watched.
func (p *process) watched() string {
	p.t.Helper()
	return fmt.Sprint(p.line("magent witness votes")["admin"])
}

// get asks a witness for a page.
func get(t *testing.T, address, page string) (code int, body string) {
	t.Helper()
	c := http.Client{Timeout: testkit.Patience, Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := c.Get("http://" + address + page)
	if err != nil {
		return 0, err.Error()
	}
	defer r.Body.Close()
	var b strings.Builder
	if err := r.Write(&b); err != nil {
		return 0, err.Error()
	}
	return r.StatusCode, b.String()
}

// seen is the state of a member as a witness reports it.
func (p *process) seen(name string) (m status.FleetMember) {
	p.t.Helper()
	c := http.Client{Timeout: testkit.Patience, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := c.Get("http://" + p.watched() + "/stats.json")
	if err != nil {
		return m
	}
	defer answer.Body.Close()
	var r status.Report
	if err := json.NewDecoder(answer.Body).Decode(&r); err != nil || r.Fleet == nil {
		p.t.Fatalf("stats.json: %v, %+v", err, r)
	}
	for _, m := range r.Fleet.Members {
		if m.Name == name {
			return m
		}
	}
	return m
}

// await waits until a witness says that a member is in a state.
func (p *process) await(name, state string) {
	p.t.Helper()
	testkit.Until(p.t, name+" is "+state, func() bool { return p.seen(name).State == state })
}

// A witness agrees with the others on who is there, whatever becomes of another one, and says so.
func testWitness(t *testing.T, bin string) {
	f := newFleet(t, bin)
	v, w := f.vote(1), f.vote(2)
	if code, body := get(t, v.watched(), "/readyz"); code != http.StatusServiceUnavailable ||
		!strings.Contains(body, "fleet: this member takes no part yet") {
		t.Errorf("before there is a view: %d, %s", code, body)
	}
	if code, _ := get(t, v.watched(), "/livez"); code != http.StatusOK {
		t.Errorf("/livez: %d", code)
	}
	a, _ := f.carry()
	w.await("a", "alive")
	v.await("w", "alive")
	out, err := exec.Command(bin, "health", "--readyz", v.watched(), "--within", "1m").CombinedOutput()
	if err != nil {
		t.Errorf("magent health: %v, %s", err, out)
	}
	testkit.Until(t, "a decides", func() bool { return len(a.Figures().Unready()) == 0 })

	before := v.seen("w").Incarnation
	w.Kill()
	v.await("w", "dead")
	testkit.Until(t, "a still decides", func() bool { return len(a.Figures().Unready()) == 0 })
	w = f.vote(2)
	v.await("w", "alive")
	if after := v.seen("w").Incarnation; after <= before {
		t.Errorf("incarnation %d after %d", after, before)
	}

	w.Pause()
	v.await("w", "dead")
	w.Resume()
	v.await("w", "alive")

	w.Terminate()
	w.ends(0)
	w.line("the other members go on without this one")
	v.await("w", "dead")
	if !v.seen("w").Left {
		t.Error("nobody knows that w has left")
	}
	w = f.vote(2)
	v.await("w", "alive")

	w.Kill()
	if err := os.RemoveAll(f.dirs[2]); err != nil {
		t.Fatal(err)
	}
	f.vote(2)
	v.await("w", "alive")
	testkit.Until(t, "it is told as a new voter", func() bool {
		_, err := findLine(v.Log(), "w joins as a new voter")
		return err == nil
	})
	testMetrics(t, v)
}

func testMetrics(t *testing.T, v *process) {
	t.Helper()
	for _, want := range []string{
		"magent_fleet_ready 1", `magent_fleet_member_state{member="w",state="alive"} 1`,
		`magent_fleet_member_state{member="w",state="dead"} 0`, `magent_fleet_group_owner{group="all",member="a"} 1`,
		`magent_fleet_group_owned{group="all"} 1`, "magent_fleet_alone 0", `magent_fleet_member_refused{member="w"} 0`,
	} {
		testkit.Until(t, "/metrics has "+want, func() bool {
			_, body := get(t, v.watched(), "/metrics")
			return strings.Contains(body, "\n"+want+"\n")
		})
	}
}

// Another secret, or another list, is named by both sides at once.
func testWitnessMismatch(t *testing.T, bin string) {
	f := newFleet(t, bin)
	other := filepath.Join(t.TempDir(), "other")
	if err := os.WriteFile(other, []byte("the secret of another fleet"), 0o600); err != nil {
		t.Fatal(err)
	}
	v, w := f.vote(1), f.vote(2, "--fleet-secret-file", other)
	for p, name := range map[*process]string{v: "w", w: "v"} {
		line := p.line("the other end has another --fleet-secret-file")
		if line["other"] != name || line["level"] != "error" {
			t.Errorf("%v", line)
		}
	}
	w.Kill()
	v.Kill()

	v, w = f.vote(1), f.vote(2, "--fleet-lease", "2s")
	for p, name := range map[*process]string{v: "w", w: "v"} {
		line := p.line("is another one: ")
		reason := fmt.Sprint(line["reason"])
		if line["other"] != name || line["level"] != "error" || !strings.Contains(reason, "with --fleet-lease 2s") ||
			!strings.Contains(reason, "with --fleet-lease 1s") {
			t.Errorf("%v", line)
		}
	}
}

// A witness is a process like others: in the background, with a pid file, one to a state directory.
func testWitnessProcess(t *testing.T, bin string) {
	f := newFleet(t, bin)
	pidFile := filepath.Join(t.TempDir(), "pid")
	args := []string{
		"witness", "--fleet", f.list(), "--member", "w", "--state-dir", f.dirs[2], "--fleet-secret-file", f.secret,
		"--log-file", pidFile + ".log", "--pid-file", pidFile,
	}
	if out, err := exec.Command(bin, append(args, "-d")...).CombinedOutput(); err != nil {
		t.Fatalf("%v, %s", err, out)
	}
	text, err := os.ReadFile(pidFile)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGKILL) })
	c, err := net.Dial("tcp", f.members[2].Address())
	if err != nil {
		t.Errorf("it does not listen although its parent has ended: %v", err)
	} else {
		c.Close()
	}

	second := start(t, exec.Command(bin, append(args[:len(args)-2], "--member", "v")...))
	second.ends(exitFailed)
	if want := "--state-dir " + f.dirs[2] + ": another magent is using it"; !strings.Contains(second.Log(), want) {
		t.Errorf("it said %s", second.Log())
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	testkit.Until(t, "the daemon to end", func() bool { return testkit.Gone(pid) })
}
