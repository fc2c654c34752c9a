package verify

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// held returns how many keys a server holds.
func held(t *testing.T, m *harness.Memcached) string {
	t.Helper()
	return harness.Stats(t, m.Addr, "")["curr_items"]
}

// settled waits until a key has been stored for so long that a server which starts now certainly came later.
func settled(t *testing.T, m *harness.Memcached, key string) {
	t.Helper()
	c := harness.Dial(t, m.Addr)
	testkit.Eventually(t, "it was stored a while ago", func() error {
		idle, reply := 0, c.Do("mg "+key+" l u\r\n")
		if _, err := fmt.Sscanf(reply, "HD l%d\r\n", &idle); err != nil || idle < 4 {
			return fmt.Errorf("%q, %w", reply, err)
		}
		return nil
	})
}

// A primary that was restarted while no magent ran has lost its keys, be it all or a single one. The copies on the
// backup are not deleted, but copied to it. If it also lacks a key that the backup got later, the user has to say why.
func TestRepairAfterARestart(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	f.set(300)
	f.proxy.Kill()
	settled(t, f.backup, "key299")
	restarted := f.primaryOf("key7")
	restarted.Restart()
	filled := func(keys string) {
		t.Helper()
		o := f.verify("--repair", "--show", "0")
		if o.code != 0 || o.stderr != "" ||
			!strings.HasPrefix(o.lines[0], "filled  primary "+restarted.Addr+" was started ") ||
			!strings.Contains(o.lines[0], " lacks "+keys+" of its ") {
			t.Errorf("exit code %d, %q, %q", o.code, o.lines, o.stderr)
		}
		f.verify().wants(0,
			"compared 300 keys in N s: 0 differ (value 0, flags 0, ttl 0, only-primary 0, only-backup 0), "+
				"repaired 0, unsure 0")
	}
	lost, _ := strconv.Atoi(held(t, f.backup))
	for _, p := range f.primaries {
		n, _ := strconv.Atoi(held(t, p))
		lost -= n
	}
	filled(strconv.Itoa(lost))
	do(t, restarted, "delete key7\r\n")
	filled("1")
	do(t, restarted, "delete key7\r\n")
	do(t, f.backup, harness.Set("key7", "later"))
	f.verify("--repair").says(4, "1 of 300 keys would be deleted", "was started after the backup", "--fill",
		"--force")
	if n := held(t, f.backup); n != "300" {
		t.Errorf("the backup holds %s keys", n)
	}
	if o := f.verify("--repair", "--force", "--show", "0"); o.code != 0 || get(t, f.backup, "key7") != "EN\r\n" {
		t.Errorf("exit code %d, %q, %q", o.code, o.lines, o.stderr)
	}
}

// If the list of servers lacks a primary, its keys look like leftovers.
func TestRepairWithAWrongList(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	f.set(300)
	wrong := []string{"-s", f.primaries[0].Addr, "-b", f.backup.Addr, "--repair", "--show", "0"}
	runPatiently(t, wrong...).
		says(4, "refused: ", " of 300 keys would be deleted", "--fill", "list of servers", "--force")
	if n := held(t, f.backup); n != "300" {
		t.Errorf("the backup holds %s keys", n)
	}
	runPatiently(t, "-s", f.backup.Addr, "-b", f.primaries[0].Addr+","+f.primaries[1].Addr, "-k", "--repair").
		says(4, "keys are on servers where the placement given does not put them", "--force")
	f.verify().wants(0,
		"compared 300 keys in N s: 0 differ (value 0, flags 0, ttl 0, only-primary 0, only-backup 0), repaired 0, "+
			"unsure 0")
}

// Many keys were deleted, or lost, on the primaries only: the user has to say which. The backup was started last, so
// it cannot be the starts of the servers that decide.
func TestRepairOfMuch(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	for _, how := range []string{"--fill", "--force"} {
		f.set(300)
		for i := range 4 {
			key := fmt.Sprint("key", i)
			do(t, f.primaryOf(key), "delete "+key+"\r\n")
		}
		f.verify("--repair").says(4, "4 of 300 keys would be deleted, more than 1 %")
		o := f.verify("--repair", how, "--show", "0")
		if o.code != 0 || !strings.Contains(o.lines[1], "only-backup 4), repaired 4") {
			t.Errorf("%s: exit code %d, %q", how, o.code, o.lines)
		}
		want := map[string]string{"--fill": "300", "--force": "296"}[how]
		if n := held(t, f.backup); n != want {
			t.Errorf("%s: the backup holds %s keys", how, n)
		}
	}
}

// A pool from a file is compared with the placement of a proxy with that file: weights, names, hash and hash_tag.
func TestPoolOfAFile(t *testing.T) {
	p, q, b, other := harness.StartMemcached(t, "-o", still), harness.StartMemcached(t, "-o", still),
		harness.StartMemcached(t, "-o", still), harness.StartMemcached(t, "-o", still)
	file := filepath.Join(t.TempDir(), "pools.yml")
	text := fmt.Sprintf(`alpha:
  listen: %s
  hash: fnv1a_32
  hash_tag: "{}"
  distribution: ketama
  servers:
   - %s:5 one
   - %s:1 two
  backups:
   - %s:1
beta:
  listen: %s
  servers:
   - %s:1
`, testkit.DeadAddr(t), p.Addr, q.Addr, b.Addr, testkit.DeadAddr(t), other.Addr)
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(text)
	proxy := harness.StartMagent(t, "-c", file)
	c := harness.Dial(t, proxy.Addr)
	for i := range 300 {
		c.Want(harness.Set(fmt.Sprintf("user:{%d}:name", i), "v"), "STORED\r\n")
	}
	equal := "compared 300 keys in N s: 0 differ (value 0, flags 0, ttl 0, only-primary 0, only-backup 0), repaired " +
		"0, unsure 0"
	runPatiently(t, "-c", file).wants(0, equal)
	runPatiently(t, "-c", file, "--pool", "alpha", "--repair").wants(0, equal)
	if held(t, p) == "0" || held(t, q) == "0" {
		t.Error("one primary has no keys")
	}
	drained := strings.Replace(text, "beta:", "  drained:\n   - two\nbeta:", 1)
	write(drained)
	lacking := held(t, q)
	n, _ := strconv.Atoi(lacking)
	runPatiently(t, "-c", file).wants(0, "drained  "+lacking+" keys not compared  primary "+q.Addr,
		strings.Replace(equal, "300", strconv.Itoa(300-n), 1))
	write(text)
	run(t, "-c", file, "--pool", "alpa").says(2, `pool "alpa" is unknown: did you mean alpha?`)
	run(t, "-c", file, "--pool", "beta").says(2, `pool "beta" has no backups`)
	write(text + "  backups:\n   - " + testkit.DeadAddr(t) + ":1\n")
	run(t, "-c", file).says(2, "several pools have backups: name one with --pool (alpha, beta)")
	write(strings.Split(text, "beta:")[0] + "gamma:\n  listen: " + testkit.DeadAddr(t) +
		"\n  redis: true\n  servers:\n   - " + other.Addr + ":1\n")
	run(t, "-c", file, "--pool", "gamma").says(2, `pool "gamma" is a Redis pool`)
}
