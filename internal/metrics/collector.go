package metrics

import (
	"context"
	"log"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"magent/internal/stats"
)

// Source gets the figures of the whole process. It is called by several goroutines.
type Source func(context.Context) (*stats.Process, *stats.Snapshot, error)

// patience is how long the loops may take to tell their figures.
const patience = 2 * time.Second

// scrapes is how many may be under way at a time.
const scrapes = 8

// Handler answers scrapes: with the figures of source and those of the process and of the runtime.
func Handler(source Source, errors *log.Logger) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(New(source), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{ErrorLog: errors, ErrorHandling: promhttp.HTTPErrorOnError, MaxRequestsInFlight: scrapes})
}

// Collector is a prometheus.Collector of one process.
type Collector struct {
	source Source
	tables
	byResult, byEnd, state *prometheus.Desc
	info                   *prometheus.Desc
}

// New returns a Collector.
func New(source Source) *Collector {
	return &Collector{
		source: source, tables: newTables(),
		byResult: desc("requests_total", "Requests by the answer that the client got. A retrieval counts once for each key.", "pool", "command", "result"),
		byEnd:    desc("client_disconnects_total", "Clients that have gone. error: the connection failed, or was closed over what they sent; malformed requests count, too.", "pool", "end"),
		state:    desc("server_state", "1 for the state that the server is in, on the loop where it is worst.", "pool", "server", "role", "state"),
		info:     desc("build_info", "1, with the version.", "version", "goversion"),
	}
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("magent_"+name, help, labels, nil)
}

// Describe sends the descriptions of all metrics.
func (c *Collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.byResult, c.byEnd, c.state, c.info} {
		ch <- d
	}
	for _, m := range c.process {
		ch <- m.desc
	}
	for _, m := range c.pools {
		ch <- m.desc
	}
	for _, m := range c.servers {
		ch <- m.desc
	}
	for _, m := range c.loops {
		ch <- m.desc
	}
}

// Collect sends all metrics as they are now. When the loops do not tell them, the scrape fails.
func (c *Collector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	p, s, err := c.source(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(c.info, err)
		return
	}
	out := sink{ch}
	out.gauge(c.info, 1, p.Release, runtime.Version())
	for _, m := range c.process {
		out.put(m.desc, m.kind, m.value(p, s))
	}
	for i := range min(len(p.Pools), len(s.Pools)) {
		c.pool(out, p, s, i)
	}
	for i := range s.Loops {
		for _, m := range c.loops {
			out.put(m.desc, m.kind, m.value(&s.Loops[i]), strconv.Itoa(i))
		}
	}
}

// pool sends what there is about a pool.
func (c *Collector) pool(out sink, p *stats.Process, s *stats.Snapshot, i int) {
	name, count := plain(p.Pools[i].Name), &s.Pools[i]
	for _, m := range c.pools {
		m.send(out, &poolFigures{p, s, &p.Pools[i], count}, name)
	}
	out.counter(c.byEnd, count.ClientEOFs, name, "eof")
	out.counter(c.byEnd, count.ClientErrors, name, "error")
	for command := range stats.NumCommands {
		for result := range stats.NumResults {
			if n := count.Outcomes[command][result]; n > 0 || usual(command, result) {
				out.counter(c.byResult, n, name, command.String(), result.String())
			}
		}
	}
	seen := map[string]bool{}
	for _, v := range s.ServersOf(p.Pools[i].Name) {
		address := plain(v.Address)
		if seen[v.Role+address] && v.Name != "" { // servers of different names may have an address in common
			address += " " + plain(v.Name)
		}
		if seen[v.Role+address] {
			continue
		}
		seen[v.Role+address] = true
		c.server(out, &v, name, address, v.Role)
	}
}

// usual tells which outcomes are shown before there is one, so that their rates have a beginning.
func usual(c stats.Command, r stats.Result) bool {
	switch {
	case c == stats.Redis:
		return false
	case r == stats.Error:
		return true
	case c == stats.Set, c == stats.Flush, c == stats.Other:
		return r == stats.OK
	}
	return r == stats.Hit || r == stats.Miss
}

// states are those that a server can be in.
func states() []string { return []string{"up", "ejected", "returning", "warming"} }

// server sends what there is about a server.
func (c *Collector) server(out sink, v *stats.Server, labels ...string) {
	for _, m := range c.servers {
		m.send(out, v, labels...)
	}
	for _, state := range states() {
		is := 0.0
		if state == v.State {
			is = 1
		}
		out.gauge(c.state, is, append(labels, state)...)
	}
}

// plain makes a label of a text that need not be UTF-8.
func plain(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }
