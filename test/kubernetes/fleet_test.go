package kubernetes

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// TestFleetServes runs what the pods of the StatefulSet run, with pools, folders and addresses of this machine. They
// are one fleet: what one stores the others tell.
func TestFleetServes(t *testing.T) {
	server, backup := harness.StartMemcached(t), harness.StartMemcached(t)
	lease := "env.MAGENT_FLEET_LEASE=" + harness.Lease
	text := render(t, "--set", "listen=127.0.0.1", "--set", lease, "--set-json", fmt.Sprintf(
		`pools=[{"name": "main", "port": 11211, "timeout": 60000, "servers": ["%s:1"], "backups": ["%s:1"]}]`,
		server.Addr, backup.Addr))
	var members []string
	for i := range 3 {
		name := fmt.Sprintf("magent-%d.magent-links.default.svc.cluster.local:12100", i)
		if !strings.Contains(text, fmt.Sprintf("magent-%d=%s", i, name)) {
			t.Fatalf("%s is in no list of members:\n%s", name, text)
		}
		members = append(members, name, fmt.Sprintf("127.0.0.1:%d", testkit.ReservePort(t)))
	}
	all := objects(t, strings.NewReplacer(members...).Replace(text))
	c := workload(t, all)
	secret := ""
	var pods []*harness.Magent
	for i := range 3 {
		dir := t.TempDir()
		file := filepath.Join(dir, "pools.yml")
		pools := strings.Replace(all["ConfigMap"].Data["pools.yml"], ":11211\"",
			fmt.Sprintf(":%d\"", testkit.ReservePort(t)), 1)
		if err := os.WriteFile(file, []byte(pools), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, e := range c.environment(t, fmt.Sprint("magent-", i)) {
			name, value, _ := strings.Cut(e, "=")
			switch name {
			case "MAGENT_STATE_DIR":
				value = filepath.Join(dir, "state")
			case "MAGENT_ADMIN":
				value = "127.0.0.1:0"
			case "MAGENT_FLEET_SECRET_FILE":
				if secret == "" {
					secret = value
				}
				value = secret
			}
			t.Setenv(name, value)
		}
		args := slices.Clone(c.Args)
		for n := range args {
			args[n] = strings.Replace(args[n], "/etc/magent/pools.yml", file, 1)
		}
		pods = append(pods, harness.StartMagent(t, args...))
	}
	for i, pod := range pods {
		harness.WantServed(t, pod.Addr, harness.Set(fmt.Sprint("key", i), "1"), "STORED\r\n")
	}
	for _, pod := range pods {
		for i := range pods {
			key := fmt.Sprint("key", i)
			harness.WantServed(t, pod.Addr, "get "+key+"\r\n", harness.Hit(key, "1"))
		}
		testkit.Eventually(t, "the last member is alive", func() error {
			if got := harness.Stats(t, pod.Addr, "fleet"); got["member:magent-2:state"] != "alive" {
				return fmt.Errorf("%v", got)
			}
			return nil
		})
	}
}
