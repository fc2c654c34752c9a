package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"magent/internal/stats"
)

// tables name all metrics of one kind of thing each.
type tables struct {
	process []processMetric
	pools   []metric[poolFigures]
	servers []metric[stats.Server]
	loops   []plainMetric[stats.Loop]
}

type processMetric struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(*stats.Process, *stats.Snapshot) float64
}

type plainMetric[T any] struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(*T) float64
}

// metric is a figure of a T, or a histogram.
type metric[T any] struct {
	plainMetric[T]
	histogram func(*T) *stats.Histogram
}

// send sends the metric of one T.
func (m *metric[T]) send(out sink, of *T, labels ...string) {
	if m.histogram != nil {
		out.histogram(m.desc, m.histogram(of), labels...)
		return
	}
	out.put(m.desc, m.kind, m.value(of), labels...)
}

// poolFigures are what there is to know of a pool.
type poolFigures struct {
	process  *stats.Process
	snapshot *stats.Snapshot
	pool     *stats.Pool
	count    *stats.Counters
}

func newTables() tables {
	return tables{process: processTable(), pools: poolTable(), servers: serverTable(), loops: loopTable()}
}

func processTable() []processMetric {
	gauge := func(name, help string, value func(*stats.Process, *stats.Snapshot) float64) processMetric {
		return processMetric{desc(name, help), prometheus.GaugeValue, value}
	}
	return []processMetric{
		gauge("client_limit", "Clients that there may be at a time (--max-clients).", func(p *stats.Process, _ *stats.Snapshot) float64 { return float64(p.MaxClients) }),
		gauge("draining", "1 while no new clients are taken, because the process is about to end.", func(p *stats.Process, _ *stats.Snapshot) float64 { return number(p.Draining) }),
		gauge("requests_active", "Requests of clients that are not answered yet.", func(_ *stats.Process, s *stats.Snapshot) float64 { return float64(s.ActiveRequests) }),
		{
			desc("journal_errors_total", "Times that --state-dir could not be written to."), prometheus.CounterValue,
			func(p *stats.Process, _ *stats.Snapshot) float64 { return float64(p.JournalErrors) },
		},
		{
			desc("config_reloads_total", "Reloads that were carried out."), prometheus.CounterValue,
			func(p *stats.Process, _ *stats.Snapshot) float64 { return float64(p.Reloads) },
		},
		{
			desc("config_reload_errors_total", "Reloads that were refused or failed: the log says why."), prometheus.CounterValue,
			func(p *stats.Process, _ *stats.Snapshot) float64 { return float64(p.ReloadErrors) },
		},
	}
}

func loopTable() []plainMetric[stats.Loop] {
	gauge := func(name, help string, value func(*stats.Loop) float64) plainMetric[stats.Loop] {
		return plainMetric[stats.Loop]{desc(name, help, "loop"), prometheus.GaugeValue, value}
	}
	counter := func(name, help string, value func(*stats.Loop) float64) plainMetric[stats.Loop] {
		return plainMetric[stats.Loop]{desc(name, help, "loop"), prometheus.CounterValue, value}
	}
	return []plainMetric[stats.Loop]{
		gauge("loop_clients", "Clients of the event loop.", func(l *stats.Loop) float64 { return float64(l.Clients) }),
		counter("loop_turns_total", "Turns of the event loop.", func(l *stats.Loop) float64 { return float64(l.Turns) }),
		counter("loop_busy_seconds_total", "What all turns of the event loop took, from when something was ready to when all was handled.", func(l *stats.Loop) float64 { return l.Busy.Seconds() }),
		gauge("loop_lag_seconds", "Longest turn of the event loop in the last 30 to 60 seconds: whatever was ready had to wait for as long.", func(l *stats.Loop) float64 { return l.Longest.Seconds() }),
	}
}

func poolTable() []metric[poolFigures] {
	add := func(name, help string, kind prometheus.ValueType, value func(*poolFigures) float64) metric[poolFigures] {
		return metric[poolFigures]{plainMetric: plainMetric[poolFigures]{desc(name, help, "pool"), kind, value}}
	}
	counter := func(name, help string, value func(*stats.Counters) uint64) metric[poolFigures] {
		return add(name, help, prometheus.CounterValue, func(f *poolFigures) float64 { return float64(value(f.count)) })
	}
	return []metric[poolFigures]{
		add("pool_ready", "1 while every key of the pool can be served.", prometheus.GaugeValue, func(f *poolFigures) float64 { return number(f.pool.Ready(f.snapshot)) }),
		add("clients", "Clients that are connected.", prometheus.GaugeValue, func(f *poolFigures) float64 { return float64(f.count.CurrConnections) }),
		counter("client_connections_total", "Clients that have connected.", func(c *stats.Counters) uint64 { return c.TotalConnections }),
		counter("client_connections_rejected_total", "Clients that were turned away, because there were too many.", func(c *stats.Counters) uint64 { return c.RejectedConnections }),
		counter("client_received_bytes_total", "Bytes received from clients.", func(c *stats.Counters) uint64 { return c.BytesRead }),
		counter("client_sent_bytes_total", "Bytes sent to clients.", func(c *stats.Counters) uint64 { return c.BytesWritten }),
		counter("request_errors_total", "Requests that were answered with an error, because no server could answer them.", func(c *stats.Counters) uint64 { return c.Errors }),
		counter("failovers_total", "Reads that were asked of the backup at once, because the primary was not to be asked.", func(c *stats.Counters) uint64 { return c.Failovers }),
		counter("retries_to_backup_total", "Reads that failed on the primary while in flight, and were asked of the backup.", func(c *stats.Counters) uint64 { return c.Retries }),
		counter("disagreements_total", "Writes that the two copies answered differently.", func(c *stats.Counters) uint64 { return c.Disagreements }),
		counter("inconsistencies_total", "Times that magent found its own knowledge of a key to be wrong, and gave the key up on both copies: a bug.", func(c *stats.Counters) uint64 { return c.Inconsistencies }),
		counter("fragments_total", "Requests to servers that retrievals of several keys were split into.", func(c *stats.Counters) uint64 { return c.Fragments }),
		counter("clients_idle_closed_total", "Clients that were closed because they asked for nothing for --idle-timeout.", func(c *stats.Counters) uint64 { return c.IdleClosed }),
		counter("clients_cut_off_total", "Clients that were cut off over what had arrived in part: too much of it, or too slowly.", func(c *stats.Counters) uint64 { return c.CutOff }),
		counter("backpressure_total", "Times that a client was not read because of its own unfinished requests.", func(c *stats.Counters) uint64 { return c.Backpressure }),
		{
			plainMetric: plainMetric[poolFigures]{desc: desc("request_duration_seconds", "From when a request was taken on to its answer.", "pool")},
			histogram:   func(f *poolFigures) *stats.Histogram { return &f.count.Waited },
		},
	}
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
