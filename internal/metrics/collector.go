package metrics

import (
	"context"
	"log"
	"net/http"
	"runtime"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"magent/internal/stats"
)

// Source returns the figures of the whole process. It is called concurrently.
type Source func(context.Context) (*stats.Process, *stats.Snapshot, error)

// patience is how long a scrape waits for the loops.
const patience = 2 * time.Second

// scrapes limits how many scrapes may run at a time.
const scrapes = 8

// Handler answers scrapes with the figures of source, of the process and of the Go runtime.
func Handler(source Source, errors *log.Logger) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(New(source), collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		ErrorLog: errors, ErrorHandling: promhttp.HTTPErrorOnError, MaxRequestsInFlight: scrapes,
	})
}

// Collector is a prometheus.Collector of one process.
type Collector struct {
	source Source
	tables
	ofFleet                fleetTables
	byResult, byEnd, state *prometheus.Desc
	info                   *prometheus.Desc
}

// New returns a Collector.
func New(source Source) *Collector {
	return &Collector{
		source: source, tables: newTables(), ofFleet: newFleetTables(),
		byResult: desc("requests_total",
			"Requests by the answer that the client got. A retrieval counts once for each key.",
			"pool", "command", "result"),
		byEnd: desc("client_disconnects_total",
			"Clients that have disconnected. error: the connection failed, or was closed because of what the "+
				"client sent. Malformed requests count as errors as well.", "pool", "end"),
		state: desc("server_state",
			"1 for the server's state, 0 for the others. It is up if it is up on all event loops, else the state "+
				"on the first one where it is not.", "pool", "server", "role", "state"),
		info: desc("build_info", "1, with the version.", "version", "goversion"),
	}
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
	c.ofFleet.describe(ch)
}

// Collect sends the present values of all metrics. The scrape fails if the loops do not answer.
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
	c.ofFleet.collect(out, p.Fleet)
	for i := range min(len(p.Pools), len(s.Pools)) {
		c.pool(out, p, s, i)
	}
	for i := range s.Loops {
		for _, m := range c.loops {
			out.put(m.desc, m.kind, m.value(&s.Loops[i]), strconv.Itoa(i))
		}
	}
}

// pool sends the metrics of a pool.
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
		if seen[v.Role+address] && v.Name != "" { // servers with different names may have the same address
			address += " " + plain(v.Name)
		}
		if seen[v.Role+address] {
			continue
		}
		seen[v.Role+address] = true
		c.server(out, &v, name, address, v.Role)
	}
}

// usual reports whether an outcome is sent before it has occurred, so that its rate starts from 0.
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

// server sends the metrics of a server.
func (c *Collector) server(out sink, v *stats.Server, labels ...string) {
	for _, m := range c.servers {
		m.send(out, v, labels...)
	}
	for _, state := range stats.States() {
		is := 0.0
		if state == v.State {
			is = 1
		}
		out.gauge(c.state, is, append(labels, state)...)
	}
}
