package metrics

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"magent/internal/stats"
)

// serverTable has the metrics of a server.
func serverTable() []metric[stats.Server] {
	return slices.Concat(serverTraffic(), serverRepairs(), serverState(), serverMemory())
}

func serverMetric(
	name, help string, kind prometheus.ValueType, value func(*stats.Server) float64,
) metric[stats.Server] {
	described := desc("server_"+name, help, "pool", "server", "role")
	return metric[stats.Server]{plainMetric: plainMetric[stats.Server]{described, kind, value}}
}

func serverCounter(name, help string, value func(*stats.Server) uint64) metric[stats.Server] {
	return serverMetric(name, help, prometheus.CounterValue,
		func(v *stats.Server) float64 { return float64(value(v)) })
}

func serverGauge(name, help string, value func(*stats.Server) float64) metric[stats.Server] {
	return serverMetric(name, help, prometheus.GaugeValue, value)
}

// serverTraffic has what went to the server and came back, and what became of its connections.
func serverTraffic() []metric[stats.Server] {
	return []metric[stats.Server]{
		serverCounter("requests_total", "Requests sent to the server, copies included.",
			func(v *stats.Server) uint64 { return v.Requests }),
		serverCounter("replies_total", "Requests that the server answered.",
			func(v *stats.Server) uint64 { return v.Replies }),
		serverCounter("request_errors_total", "Requests to the server that got no reply.",
			func(v *stats.Server) uint64 { return v.Errors }),
		serverCounter("timeouts_total", "Requests to the server that got no reply in time.",
			func(v *stats.Server) uint64 { return v.Timeouts }),
		serverCounter("ejections_total", "Times that the server was ejected.",
			func(v *stats.Server) uint64 { return v.Ejections }),
		serverCounter("replica_reads_total", "Reads that replicas of the server were asked for (read_from).",
			func(v *stats.Server) uint64 { return v.ReplicaReads }),
		serverCounter("replica_repeats_total",
			"Those of them that the server was asked for then, as no replica answered.",
			func(v *stats.Server) uint64 { return v.ReplicaRepeats }),
		serverCounter("connects_total", "Connections to the server that were established.",
			func(v *stats.Server) uint64 { return v.Connects }),
		serverCounter("connect_timeouts_total", "Attempts to connect to the server that took too long.",
			func(v *stats.Server) uint64 { return v.ConnectTimeouts }),
		serverCounter("connection_eofs_total", "Connections that the server closed.",
			func(v *stats.Server) uint64 { return v.EOFs }),
		serverCounter("connection_errors_total",
			"Connections to the server, and attempts to make one, that failed in another way.",
			func(v *stats.Server) uint64 { return v.Failures }),
		serverCounter("sent_bytes_total", "Bytes sent to the server.", func(v *stats.Server) uint64 { return v.Sent }),
		serverCounter("received_bytes_total", "Bytes received from the server.",
			func(v *stats.Server) uint64 { return v.Received }),
		{
			plainMetric: plainMetric[stats.Server]{desc: desc("server_response_seconds",
				"Time from a request to the server's reply.", "pool", "server", "role")},
			histogram: func(v *stats.Server) *stats.Histogram { return &v.Waited },
		},
	}
}

// serverRepairs has what the server missed or lacks, and how it gets that.
func serverRepairs() []metric[stats.Server] {
	return []metric[stats.Server]{
		serverCounter("repairs_total",
			"Keys that were copied to the server or deleted there, because it had missed a write.",
			func(v *stats.Server) uint64 { return v.Repairs }),
		serverCounter("refills_total", "Keys that the server lacked and was given from the other copies.",
			func(v *stats.Server) uint64 { return v.Refills }),
		serverCounter("stale_reads_avoided_total",
			"Reads that went to the other copy, because the key was dirty on the server.",
			func(v *stats.Server) uint64 { return v.Avoided }),
		serverCounter("cas_refused_total", "cas requests with a token that is not from the server's present run.",
			func(v *stats.Server) uint64 { return v.CasRefused }),
		serverGauge("dirty_keys", "Keys still to be copied to the server or deleted there, because it missed a write.",
			func(v *stats.Server) float64 { return float64(v.DirtyKeys) }),
		serverGauge("dirty_overflow",
			"Event loops for which every key of the server is dirty: there were more than --dirty-keys. The server "+
				"will be flushed.",
			func(v *stats.Server) float64 { return float64(v.DirtyAll) }),
		serverGauge("refill_progress_ratio",
			"Share of its contents that the server has: less than 1 while it is refilled from the other copies.",
			func(v *stats.Server) float64 { return v.RefillProgress() }),
		serverGauge("refill_remaining_seconds", "Estimated time until the server is refilled.",
			func(v *stats.Server) float64 { return v.RefillLeft.Seconds() }),
	}
}

// serverState has what the server is doing now.
func serverState() []metric[stats.Server] {
	return []metric[stats.Server]{
		serverGauge("connections", "Established connections to the server.",
			func(v *stats.Server) float64 { return float64(v.Connected) }),
		serverGauge("draining_connections", "Connections to the server that were given up and are being drained.",
			func(v *stats.Server) float64 { return float64(v.Draining) }),
		serverGauge("pending_requests", "Requests to the server in flight.",
			func(v *stats.Server) float64 { return float64(v.Pending) }),
		serverGauge("unsent_bytes", "Bytes that wait for the server's socket.",
			func(v *stats.Server) float64 { return float64(v.UnsentBytes) }),
		serverGauge("drained_timestamp_seconds", "Unix time since which the server is drained; 0: it is not.",
			func(v *stats.Server) float64 {
				if v.Drained == nil {
					return 0
				}
				return float64(v.Drained.Since)
			}),
		serverGauge("ejected_timestamp_seconds", "Unix time of the last ejection of the server; 0: never.",
			func(v *stats.Server) float64 { return float64(v.EjectedAt) / 1e6 }),
		serverGauge("changed_timestamp_seconds",
			"Unix time when the server was last taken out of use, or used again; 0: not known.",
			func(v *stats.Server) float64 { return float64(v.Since) / 1e6 }),
		serverGauge("check_timestamp_seconds",
			"Unix time when the server last answered anything, or failed to; 0: it was not asked yet.",
			func(v *stats.Server) float64 { return float64(v.Check.At) / 1e6 }),
		serverGauge("check_success", "1: it answered then.",
			func(v *stats.Server) float64 { return number(v.Check.At > 0 && v.Check.Error == "") }),
	}
}

// serverMemory has what the server said of itself when it was asked last. All of it is 0 before that.
func serverMemory() []metric[stats.Server] {
	return []metric[stats.Server]{
		serverGauge("memory_limit_bytes", "Memory that the server may use for items, as it reports; 0: not known.",
			func(v *stats.Server) float64 { return float64(v.Stored.MaxBytes) }),
		serverGauge("memory_used_bytes", "Memory that the server uses for items, as it reports.",
			func(v *stats.Server) float64 { return float64(v.Stored.Bytes) }),
		serverGauge("memory_needed_bytes",
			"Share that a backup gets of what the primaries may use: with a lower limit it evicts first. "+
				"0: a primary, or not known.",
			func(v *stats.Server) float64 { return float64(v.Needed) }),
		serverGauge("items", "Items in the server, as it reports.",
			func(v *stats.Server) float64 { return float64(v.Stored.Items) }),
		serverCounter("evictions_total", "Items that the server evicted, as it reports.",
			func(v *stats.Server) uint64 { return v.Stored.Evictions }),
		serverCounter("get_hits_total", "Hits of the server, as it reports, whoever asked.",
			func(v *stats.Server) uint64 { return v.Stored.GetHits }),
		serverCounter("get_misses_total", "Misses of the server, as it reports, whoever asked.",
			func(v *stats.Server) uint64 { return v.Stored.GetMisses }),
	}
}
