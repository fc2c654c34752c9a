package status

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"magent/test/harness"
)

// dashboard is what the tests need of deploy/grafana/magent.json.
type dashboard struct {
	Panels     []panel
	Templating struct{ List []struct{ Definition string } }
}

type panel struct {
	Type, Title, Description string
	Targets                  []struct{ Expr string }
	FieldConfig              struct {
		Defaults struct {
			Mappings []struct {
				Options map[string]struct{ Text, Color string }
			}
		}
	}
}

func dashboardOf(t *testing.T, content string) (d dashboard) {
	t.Helper()
	if err := json.Unmarshal([]byte(content), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// titled returns the first panel with a title.
func (d dashboard) titled(t *testing.T, title string) panel {
	t.Helper()
	for _, p := range d.Panels {
		if p.Title == title && len(p.Targets) > 0 {
			return p
		}
	}
	t.Fatalf("there is no panel %q", title)
	return panel{}
}

// variables fills in what Grafana does.
var variables = strings.NewReplacer("$__rate_interval", "5m", "$instance", ".*", "$pool", ".*")

// expressions returns the PromQL expressions in a file.
func expressions(t *testing.T, name, content string) (out []string) {
	t.Helper()
	if strings.HasSuffix(name, ".yml") {
		for line := range strings.Lines(content) {
			if !strings.Contains(line, "summary:") && !strings.Contains(line, "description:") &&
				!strings.HasPrefix(line, "#") {
				out = append(out, line)
			}
		}
		return out
	}
	d := dashboardOf(t, content)
	for _, p := range d.Panels {
		if p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("panel %q asks nothing", p.Title)
		}
		for _, target := range p.Targets {
			out = append(out, target.Expr)
		}
	}
	for _, v := range d.Templating.List {
		out = append(out, v.Definition)
	}
	return out
}

// The expressions of the dashboard are valid PromQL.
func TestDashboard(t *testing.T) {
	_, content := deployed(t, "grafana/magent.json")
	rules := "groups:\n - name: dashboard\n   rules:\n"
	for i, expr := range expressions(t, "grafana/magent.json", content) {
		if strings.HasPrefix(expr, "label_values(") || expr == "" {
			continue
		}
		rules += fmt.Sprintf("    - record: panel:%d\n      expr: %q\n", i, variables.Replace(expr))
	}
	file := filepath.Join(t.TempDir(), "dashboard.yml")
	if err := os.WriteFile(file, []byte(rules), 0o644); err != nil {
		t.Fatal(err)
	}
	tool(t, "", "check", "rules", file)
}

// asked is a question to Prometheus about series, with the number that is right.
type asked struct {
	series, expr, want string
}

// answers checks with promtool what Prometheus says ten minutes after the series have begun.
func answers(t *testing.T, all []asked) {
	t.Helper()
	dir := t.TempDir()
	text := "rule_files: []\nevaluation_interval: 1m\ntests:\n"
	for _, a := range all {
		text += " - interval: 1m\n   input_series:\n" + a.series + "   promql_expr_test:\n" +
			fmt.Sprintf("    - expr: %q\n      eval_time: 10m\n      exp_samples:\n       - %s\n",
				variables.Replace(a.expr), a.want)
	}
	file := filepath.Join(dir, "test.yml")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	tool(t, "", "test", "rules", file)
}

// The panel of states calls each state that a server can have by its name, in a colour of its own.
func TestDashboardNamesEachState(t *testing.T) {
	t.Parallel()
	m := harness.StartMagent(t, "-s", harness.StartMemcached(t).Addr, "--admin", "127.0.0.1:0")
	text := page(t, "http://"+adminOf(t, m.Process, "admin")+"/metrics")
	var states []string
	line := regexp.MustCompile(`(?m)^magent_server_state\{.*state="(\w+)"`)
	for _, found := range line.FindAllStringSubmatch(text, -1) {
		states = append(states, found[1])
	}
	_, content := deployed(t, "grafana/magent.json")
	d := dashboardOf(t, content)
	shown, out := d.titled(t, "State"), d.titled(t, "Servers not up").Description
	values, colours := map[string]string{}, map[string]string{}
	for value, option := range shown.FieldConfig.Defaults.Mappings[0].Options {
		values[option.Text] = value
		if other := colours[option.Color]; other != "" {
			t.Errorf("%s and %s are both %s", option.Text, other, option.Color)
		}
		colours[option.Color] = option.Text
	}
	if len(states) < 5 || len(values) != len(states) {
		t.Errorf("the panel has names for %d states, of %q", len(values), states)
	}
	var questions []asked
	for _, is := range states {
		if values[is] == "" {
			t.Errorf("the panel has no name for %s", is)
		}
		if is != "up" && !strings.Contains(out, is) {
			t.Errorf("%q does not say %s", out, is)
		}
		series := ""
		for _, state := range states {
			value := 0
			if state == is {
				value = 1
			}
			series += fmt.Sprintf("    - {series: 'magent_server_state{instance=\"i\",pool=\"p\",server=\"s\","+
				"role=\"primary\",state=%q}', values: '%dx10'}\n", state, value)
		}
		questions = append(questions, asked{
			series, shown.Targets[0].Expr,
			"{labels: '{pool=\"p\",server=\"s\",role=\"primary\"}', value: " + values[is] + "}",
		})
	}
	answers(t, questions)
}

// The share of hits counts a read that failed as one that found nothing, as the status page and `magent top` do.
func TestDashboardCountsFailedReads(t *testing.T) {
	t.Parallel()
	series := ""
	for result, step := range map[string]int{"hit": 60, "miss": 30, "error": 30, "ok": 500} {
		command := "get"
		if result == "ok" {
			command = "set"
		}
		series += fmt.Sprintf("    - {series: 'magent_requests_total{instance=\"i\",pool=\"p\",command=%q,"+
			"result=%q}', values: '0+%dx10'}\n", command, result, step)
	}
	_, content := deployed(t, "grafana/magent.json")
	hits := dashboardOf(t, content).titled(t, "Hits").Targets[0].Expr
	answers(t, []asked{{series, hits, "{labels: '{}', value: 0.5}"}})
}

// The dashboard shows each figure that a server tells of its memory.
func TestDashboardShowsMemory(t *testing.T) {
	t.Parallel()
	_, content := deployed(t, "grafana/magent.json")
	exprs := strings.Join(expressions(t, "grafana/magent.json", content), "\n")
	for _, name := range []string{
		"items", "memory_used_bytes", "memory_limit_bytes", "evictions_total", "get_hits_total", "get_misses_total",
	} {
		if !strings.Contains(exprs, "magent_server_"+name+"{") {
			t.Errorf("no panel shows magent_server_%s", name)
		}
	}
}
