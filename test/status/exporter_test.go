package status

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// memcached_exporter asks for stats, items, slabs and settings. One value that it cannot parse makes memcached_up 0;
// a name that is missing has no metric.
func TestExporterCanParse(t *testing.T) {
	t.Parallel()
	m := harness.StartMagent(t, "-s", harness.StartMemcached(t).Addr)
	stats := map[string]string{}
	testkit.Eventually(t, "the server has told what it stores", func() error {
		if stats = harness.Stats(t, m.Addr, ""); stats["limit_maxbytes"] == "" {
			return errors.New("not yet")
		}
		return nil
	})
	numbers := strings.Fields(`uptime time get_hits get_misses delete_hits delete_misses incr_hits incr_misses decr_hits
		decr_misses cas_hits cas_misses cas_badval touch_hits touch_misses cmd_flush cmd_set bytes limit_maxbytes
		curr_items total_items bytes_read bytes_written curr_connections total_connections rejected_connections
		conn_yields listen_disabled_num evictions reclaimed accepting_conns proxy_conn_requests proxy_conn_errors
		proxy_conn_oom proxy_req_active proxy_config_reloads proxy_config_reload_fails proxy_backend_total
		proxy_backend_marked_bad proxy_backend_failed`)
	for _, name := range numbers {
		if _, err := strconv.ParseFloat(stats[name], 64); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"rusage_user", "rusage_system"} {
		if !regexp.MustCompile(`^\d+\.\d{6}$`).MatchString(stats[name]) {
			t.Errorf("%s is %q", name, stats[name])
		}
	}
	settings := harness.Stats(t, m.Addr, "settings")
	if n, err := strconv.Atoi(settings["maxconns"]); err != nil || n <= 0 || settings["lru_crawler"] == "yes" {
		t.Errorf("settings: %v", settings)
	}
	for _, kind := range []string{"items", "slabs"} {
		if got := harness.Stats(t, m.Addr, kind); len(got) > 0 {
			t.Errorf("stats %s: %v", kind, got)
		}
	}
	page := monitoringPage(t)
	for _, words := range []string{"memcached_exporter", "bmemcached"} {
		if !strings.Contains(page, words) {
			t.Errorf("docs/monitoring.md does not name %s", words)
		}
	}
}
