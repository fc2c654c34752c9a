package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"magent/internal/stats"
)

// tables has all metrics, one table for each kind of thing.
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

// poolFigures has the data for the metrics of a pool.
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
		gauge("client_limit", "Maximum number of clients at a time (--max-clients).",
			func(p *stats.Process, _ *stats.Snapshot) float64 { return float64(p.MaxClients) }),
		gauge("draining", "1 while the process is about to end and accepts no new clients.",
			func(p *stats.Process, _ *stats.Snapshot) float64 { return number(p.Draining) }),
		gauge("standby", "1 while another machine has the address of --vip, and this process repairs nothing.",
			func(p *stats.Process, _ *stats.Snapshot) float64 { return number(p.Standby) }),
		gauge("requests_active", "Requests of clients that have no answer yet.",
			func(_ *stats.Process, s *stats.Snapshot) float64 { return float64(s.ActiveRequests) }),
		{
			desc("journal_errors_total", "Failed writes to --state-dir."), prometheus.CounterValue,
			func(p *stats.Process, _ *stats.Snapshot) float64 { return float64(p.JournalErrors) },
		},
		{
			desc("config_reloads_total", "Reloads of the configuration that succeeded."), prometheus.CounterValue,
			func(p *stats.Process, _ *stats.Snapshot) float64 { return float64(p.Reloads) },
		},
		{
			desc("config_reload_errors_total", "Reloads of the configuration that failed. The log has the reasons."),
			prometheus.CounterValue,
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
		counter("loop_turns_total", "Turns of the event loop.",
			func(l *stats.Loop) float64 { return float64(l.Turns) }),
		counter("loop_busy_seconds_total",
			"Total time of the turns of the event loop, each from its first event until all events are handled.",
			func(l *stats.Loop) float64 { return l.Busy.Seconds() }),
		gauge("loop_lag_seconds",
			"Longest turn of the event loop in the last 30 to 60 seconds. Other events had to wait that long.",
			func(l *stats.Loop) float64 { return l.Longest.Seconds() }),
	}
}

func poolTable() []metric[poolFigures] {
	add := func(name, help string, kind prometheus.ValueType, value func(*poolFigures) float64) metric[poolFigures] {
		return metric[poolFigures]{plainMetric: plainMetric[poolFigures]{desc(name, help, "pool"), kind, value}}
	}
	counter := func(name, help string, value func(*stats.Counters) uint64) metric[poolFigures] {
		return add(name, help, prometheus.CounterValue, func(f *poolFigures) float64 {
			return float64(value(f.count))
		})
	}
	return []metric[poolFigures]{
		add("pool_ready", "1 while the pool can serve all of its keys.",
			prometheus.GaugeValue, func(f *poolFigures) float64 { return number(f.pool.Ready(f.snapshot)) }),
		add("clients", "Clients that are connected.",
			prometheus.GaugeValue, func(f *poolFigures) float64 { return float64(f.count.CurrConnections) }),
		add("binary_clients", "Clients that are connected and speak memcached's binary protocol.",
			prometheus.GaugeValue, func(f *poolFigures) float64 { return float64(f.count.CurrBinary) }),
		add("tls12_clients", "Clients that are connected and speak TLS 1.2.",
			prometheus.GaugeValue, func(f *poolFigures) float64 { return float64(f.count.CurrTLS12) }),
		add("tls13_clients", "Clients that are connected and speak TLS 1.3.",
			prometheus.GaugeValue, func(f *poolFigures) float64 { return float64(f.count.CurrTLS13) }),
		add("dedicated_connections", "Connections to Redis servers that clients have for themselves, or may get next.",
			prometheus.GaugeValue, func(f *poolFigures) float64 { return float64(f.count.CurrDedicated) }),
		counter("dedicated_connections_refused_total",
			"Times that a client got no connection of its own: the pool has all of its dedicated_connections.",
			func(c *stats.Counters) uint64 { return c.NoDedicated }),
		add("subscribers", "Clients that have subscribed to channels or patterns of Redis.",
			prometheus.GaugeValue, func(f *poolFigures) float64 { return float64(f.count.CurrSubscribers) }),
		counter("messages_total", "Messages that were delivered to subscribers.",
			func(c *stats.Counters) uint64 { return c.Messages }),
		counter("client_tls_errors_total", "TLS handshakes with clients that failed.",
			func(c *stats.Counters) uint64 { return c.TLSErrors }),
		counter("client_auths_total", "Times that clients have named a user and a password.",
			func(c *stats.Counters) uint64 { return c.AuthCmds }),
		counter("client_auth_errors_total", "Times that a client named a wrong user or password.",
			func(c *stats.Counters) uint64 { return c.AuthErrors }),
		counter("client_connections_total", "Clients that have connected.",
			func(c *stats.Counters) uint64 { return c.TotalConnections }),
		counter("client_connections_rejected_total", "Clients that were refused because there were too many.",
			func(c *stats.Counters) uint64 { return c.RejectedConnections }),
		counter("client_received_bytes_total", "Bytes received from clients.",
			func(c *stats.Counters) uint64 { return c.BytesRead }),
		counter("client_sent_bytes_total", "Bytes sent to clients.",
			func(c *stats.Counters) uint64 { return c.BytesWritten }),
		counter("request_errors_total",
			"Requests that magent itself answered with an error, for example because no server could answer them.",
			func(c *stats.Counters) uint64 { return c.Errors }),
		counter("failovers_total", "Reads that went to the backup at once, because the primary must not be read.",
			func(c *stats.Counters) uint64 { return c.Failovers }),
		counter("retries_to_backup_total",
			"Reads that failed on one copy while in flight, and were sent to the other.",
			func(c *stats.Counters) uint64 { return c.Retries }),
		counter("disagreements_total", "Writes that the two copies answered differently.",
			func(c *stats.Counters) uint64 { return c.Disagreements }),
		counter("inconsistencies_total", "Times that magent found its own record of a key to be wrong. It is a bug.",
			func(c *stats.Counters) uint64 { return c.Inconsistencies }),
		counter("fragments_total", "Requests to servers that multi-gets were split into.",
			func(c *stats.Counters) uint64 { return c.Fragments }),
		counter("hot_hits_total", "Reads that were answered from memory, without a server (--hot-cache).",
			func(c *stats.Counters) uint64 { return c.HotHits }),
		add("hot_keys", "Keys whose values are in memory.",
			prometheus.GaugeValue, func(f *poolFigures) float64 { return float64(f.count.HotKeys) }),
		add("hot_bytes", "Memory that the values of --hot-cache take.",
			prometheus.GaugeValue, func(f *poolFigures) float64 { return float64(f.count.HotBytes) }),
		counter("clients_idle_closed_total", "Clients that were closed because they were idle for --idle-timeout.",
			func(c *stats.Counters) uint64 { return c.IdleClosed }),
		counter("clients_cut_off_total",
			"Clients that were cut off: a request did not arrive completely, or they did not fetch what was for them.",
			func(c *stats.Counters) uint64 { return c.CutOff }),
		counter("backpressure_total", "Times that a client was not read because of its own unfinished requests.",
			func(c *stats.Counters) uint64 { return c.Backpressure }),
		{
			plainMetric: plainMetric[poolFigures]{desc: desc("request_duration_seconds",
				"Time from the acceptance of a request to its answer.", "pool")},
			histogram: func(f *poolFigures) *stats.Histogram { return &f.count.Waited },
		},
	}
}
