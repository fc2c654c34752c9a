package status

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// The last check of each server is told, whether it is well or not, of memcacheds and of Redis servers: by the page,
// its JSON, and the metrics.
func TestLastCheck(t *testing.T) {
	t.Parallel()
	mc, db := harness.StartMemcached(t), testkit.StartRedis(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "pools.yml")
	text := ""
	for name, addr := range map[string]string{"objects": mc.Addr, "documents": db.Addr + ":1\n  redis: true\n#"} {
		text += fmt.Sprintf("%s:\n  listen: %s\n  probe_interval: 100\n  servers:\n   - %s:1\n", name,
			filepath.Join(dir, name), addr)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	m := harness.StartMagent(t, "-c", file, "--admin", "127.0.0.1:0")
	admin := "http://" + adminOf(t, m.Process, "admin")
	b := startBrowser(t)
	b.look(1280, "light")
	b.open(admin + "/")
	shows := func(addr, text string) {
		t.Helper()
		check := fmt.Sprintf(`document.querySelector('tr[data-server="%s"] .check')`, addr)
		b.await(check + fmt.Sprintf(`?.textContent.startsWith(%q) === true`, text))
	}
	metric := func(name, pool, addr string) string {
		return fmt.Sprintf(`magent_server_%s{pool="%s",role="primary",server="%s"} `, name, pool, addr)
	}
	for pool, addr := range map[string]string{"objects": mc.Addr, "documents": db.Addr} {
		shows(addr, "last check ok ")
		eventuallyPage(t, admin+"/metrics", 200, metric("check_success", pool, addr)+"1")
	}
	b.await(`document.querySelector("#servers .why").textContent.startsWith("for ")`)
	b.shoot("checked")
	mc.Kill()
	db.Kill()
	for pool, addr := range map[string]string{"objects": mc.Addr, "documents": db.Addr} {
		shows(addr, "last check failed ")
		eventuallyPage(t, admin+"/stats.json", 200, `"result": "connection refused"`)
		eventuallyPage(t, admin+"/metrics", 200, metric("check_success", pool, addr)+"0")
	}
	b.shoot("failed")
	b.quiet()
	b.open("about:blank")
}
