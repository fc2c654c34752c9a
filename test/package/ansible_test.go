package packaging

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
	"magent/test/netns"
)

var three = flag.Bool("three", false, "apply the role of Ansible to three hosts, under load")

// utf8 is the variable without which ansible may not start.
const utf8 = "LC_ALL=C.UTF-8"

// TestAnsibleLint checks the role without a host.
func TestAnsibleLint(t *testing.T) {
	code, stdout, stderr := harness.Long(t, "env", "-C", "deploy/ansible", "HOME="+t.TempDir(), utf8,
		"ansible-lint", "--offline", "--strict", "-p", "--profile", "production")
	if code != 0 {
		t.Errorf("ansible-lint: exit code %d\n%s%s", code, stdout, stderr)
	}
}

// TestAnsible applies the role of a release to hosts, as docs/install.md says: they serve behind one address, and a
// second run changes nothing.
func TestAnsible(t *testing.T) {
	n := 1
	if *three {
		n = 3
	}
	hosts, client := startHosts(t, n)
	s := newSite(t, hosts, deb(t))
	s.apply(nil)
	for _, h := range hosts {
		h.serves(t)
		if got := h.told(t); got != "enable magent@cache;start magent@cache;enable keepalived;start keepalived;" {
			t.Errorf("at first %s", got)
		}
	}
	holder(t, hosts, nil)
	s.modes()
	s.unchanged(hosts[n-1])
	if *three {
		s.refused(map[string]any{"magent_fleet_secret": "short"}, "with 16 characters or more")
		s.refused(map[string]any{"magent_pool": map[string]any{"hash": "fnvla_64"}}, "did you mean fnv1a_64")
		s.rolls(client, deb(t))
	}
}

// site is what ansible knows of hosts.
type site struct {
	t       *testing.T
	dir     string // with deploy/ansible
	command string // that applies the role, in that folder
	hosts   []*host
	vars    map[string]any // that differ from those of the example, or are missing there
}

// newSite makes an inventory of the example, with other addresses. One host alone is the first of it.
func newSite(t *testing.T, hosts []*host, package_ string) *site {
	t.Helper()
	commands := blocks(t, "install.md", "Ansible")
	if len(commands) != 2 {
		t.Fatalf("docs/install.md has %d blocks about Ansible", len(commands))
	}
	s := &site{t: t, dir: tree(t), command: strings.TrimSpace(commands[1]), hosts: hosts}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(s.logs())
		}
	})
	run(t, "env", "-C", s.dir, "bash", "-ec", commands[0])
	inventory := strings.ReplaceAll(testkit.ReadFile(t, s.path("hosts.yml")), "10.0.0.100", netns.Virtual)
	s.vars = map[string]any{
		"ansible_become": false, "ansible_ssh_args": "", "ansible_ssh_transfer_method": "piped",
		"ansible_ssh_executable": absolute(t, "testdata/ssh.sh"),
		"magent_package":         package_, "magent_pool": poolWith(1000),
		"magent_environment":  map[string]any{"MAGENT_FLEET_LEASE": "5s"}, // so that a busy machine takes no harm
		"magent_fleet_secret": "what the hosts have in common",
		"magent_vip_unicast":  true,
	}
	if len(hosts) == 1 {
		inventory = regexp.MustCompile(`(?m)^    cache[23]:.*\n`).ReplaceAllString(inventory, "")
		s.vars["magent_servers"], s.vars["magent_backups"] = []string{hosts[0].addr + ":11211:1"}, []string{}
		s.vars["magent_environment"] = map[string]any{"MAGENT_THREADS": 1}
	}
	for i, h := range hosts {
		inventory = regexp.MustCompile(fmt.Sprintf(`10\.0\.0\.%d\b`, i+1)).ReplaceAllString(inventory, h.addr)
		s.write(h.addr, strconv.Itoa(h.init))
	}
	s.write("hosts.yml", inventory)
	return s
}

// poolWith is a pool with a timeout, in milliseconds.
func poolWith(timeout int) map[string]any {
	return map[string]any{"hash": "fnv1a_64", "distribution": "ketama", "timeout": timeout}
}

func absolute(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(name)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func (s *site) path(name string) string { return filepath.Join(s.dir, "deploy/ansible", name) }

func (s *site) write(name, text string) {
	s.t.Helper()
	path := s.path(name)
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if err == nil {
		err = os.WriteFile(path, []byte(text), 0o600)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// play runs the playbook with variables that differ from those of the site.
func (s *site) play(vars map[string]any, args ...string) (code int, said string) {
	s.t.Helper()
	all := maps.Clone(s.vars)
	maps.Copy(all, vars)
	text, err := json.Marshal(all)
	if err != nil {
		s.t.Fatal(err)
	}
	s.write("group_vars/magent.yml", string(text))
	code, stdout, stderr := harness.Long(s.t, "env", "-C", s.path(""), "HOME="+s.dir, "HOSTS="+s.path(""),
		"ANSIBLE_NOCOLOR=1", utf8, "bash", "-c", strings.Join(append([]string{s.command}, args...), " "))
	return code, stdout + stderr
}

// changes are the figures that ansible ends with.
var changes = regexp.MustCompile(`(?m)^(cache\d) .* changed=(\d+) .* failed=0`)

// apply runs the playbook, which must succeed, and returns how much it has changed on the hosts.
func (s *site) apply(vars map[string]any, args ...string) (changed string) {
	s.t.Helper()
	code, said := s.play(vars, args...)
	if code != 0 {
		s.t.Fatalf("exit code %d: %s", code, said)
	}
	maps.Copy(s.vars, vars)
	for _, found := range changes.FindAllStringSubmatch(said, -1) {
		changed += found[1] + " " + found[2] + ";"
	}
	return changed
}

// unchanged runs it once more, for one host.
func (s *site) unchanged(h *host) {
	s.t.Helper()
	if got := s.apply(nil, "--limit", h.Name) + h.told(s.t); got != h.Name+" 0;" {
		s.t.Errorf("the same once more: %s", got)
	}
}

// refused runs it, which must fail for a reason.
func (s *site) refused(vars map[string]any, reason string) {
	s.t.Helper()
	before := s.hosts[0].pid(s.t)
	if code, said := s.play(vars); code == 0 || !strings.Contains(said, reason) {
		s.t.Errorf("exit code %d, want %q: %s", code, reason, said)
	}
	if now := s.hosts[0].pid(s.t); now != before {
		s.t.Errorf("the process was %s, and is %s", before, now)
	}
}

// modes looks at who may read what.
func (s *site) modes() {
	s.t.Helper()
	for _, h := range s.hosts {
		want := "cache.env root magent 640\ncache.yml root magent 640\n"
		if len(s.hosts) > 1 {
			want = "cache.env root magent 640\ncache.secret root magent 640\ncache.yml root magent 640\n"
		}
		if got := h.sh(s.t, "cd /etc/magent && stat -c '%n %U %G %a' cache.*"); got != want {
			s.t.Errorf("%s: %s", h.Name, got)
		}
	}
}

// logs returns what the services of all hosts have said. The test has ended, and so has what it may run commands with.
func (s *site) logs() (all string) {
	for _, h := range s.hosts {
		argv := h.inside("sh", "-c", "tail -n 30 /run/units/*.log")
		said, err := exec.Command(argv[0], argv[1:]...).CombinedOutput()
		all += fmt.Sprintf("%s: %v\n%s", h.Name, err, said)
	}
	return all
}
