package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"magent/internal/stats"
)

func serverTable() []metric[stats.Server] {
	add := func(name, help string, kind prometheus.ValueType, value func(*stats.Server) float64) metric[stats.Server] {
		described := desc("server_"+name, help, "pool", "server", "role")
		return metric[stats.Server]{plainMetric: plainMetric[stats.Server]{described, kind, value}}
	}
	counter := func(name, help string, value func(*stats.Server) uint64) metric[stats.Server] {
		return add(name, help, prometheus.CounterValue, func(v *stats.Server) float64 { return float64(value(v)) })
	}
	gauge := func(name, help string, value func(*stats.Server) float64) metric[stats.Server] {
		return add(name, help, prometheus.GaugeValue, value)
	}
	return []metric[stats.Server]{
		counter("requests_total", "Requests sent to the server, copies included.",
			func(v *stats.Server) uint64 { return v.Requests }),
		counter("replies_total", "Requests that the server answered.",
			func(v *stats.Server) uint64 { return v.Replies }),
		counter("request_errors_total", "Requests to the server that got no reply.",
			func(v *stats.Server) uint64 { return v.Errors }),
		counter("timeouts_total", "Requests to the server that got no reply in time.",
			func(v *stats.Server) uint64 { return v.Timeouts }),
		counter("ejections_total", "Times that the server was ejected.",
			func(v *stats.Server) uint64 { return v.Ejections }),
		counter("connects_total", "Connections to the server that were established.",
			func(v *stats.Server) uint64 { return v.Connects }),
		counter("connect_timeouts_total", "Attempts to connect to the server that took too long.",
			func(v *stats.Server) uint64 { return v.ConnectTimeouts }),
		counter("connection_eofs_total", "Connections that the server closed.",
			func(v *stats.Server) uint64 { return v.EOFs }),
		counter("connection_errors_total",
			"Connections to the server, and attempts to make one, that failed in another way.",
			func(v *stats.Server) uint64 { return v.Failures }),
		counter("sent_bytes_total", "Bytes sent to the server.", func(v *stats.Server) uint64 { return v.Sent }),
		counter("received_bytes_total", "Bytes received from the server.",
			func(v *stats.Server) uint64 { return v.Received }),
		counter("repairs_total",
			"Keys that were copied to the server or deleted there, because it had missed a write.",
			func(v *stats.Server) uint64 { return v.Repairs }),
		counter("refills_total", "Keys that the server lacked and was given from the other copies.",
			func(v *stats.Server) uint64 { return v.Refills }),
		counter("stale_reads_avoided_total",
			"Reads that went to the other copy, because the key was dirty on the server.",
			func(v *stats.Server) uint64 { return v.Avoided }),
		counter("cas_refused_total", "cas requests with a token that is not from the server's present run.",
			func(v *stats.Server) uint64 { return v.CasRefused }),
		gauge("connections", "Established connections to the server.",
			func(v *stats.Server) float64 { return float64(v.Connected) }),
		gauge("draining_connections", "Connections to the server that were given up and are being drained.",
			func(v *stats.Server) float64 { return float64(v.Draining) }),
		gauge("pending_requests", "Requests to the server in flight.",
			func(v *stats.Server) float64 { return float64(v.Pending) }),
		gauge("unsent_bytes", "Bytes that wait for the server's socket.",
			func(v *stats.Server) float64 { return float64(v.UnsentBytes) }),
		gauge("dirty_keys", "Keys still to be copied to the server or deleted there, because it missed a write.",
			func(v *stats.Server) float64 { return float64(v.DirtyKeys) }),
		gauge("dirty_overflow",
			"Event loops for which every key of the server is dirty: there were more than --dirty-keys. The server "+
				"will be flushed.",
			func(v *stats.Server) float64 { return float64(v.DirtyAll) }),
		gauge("refill_progress_ratio",
			"Share of its contents that the server has: less than 1 while it is refilled from the other copies.",
			func(v *stats.Server) float64 { return v.RefillProgress() }),
		gauge("refill_remaining_seconds", "Estimated time until the server is refilled.",
			func(v *stats.Server) float64 { return v.RefillLeft.Seconds() }),
		gauge("ejected_timestamp_seconds", "Unix time of the last ejection of the server; 0: never.",
			func(v *stats.Server) float64 { return float64(v.EjectedAt) / 1e6 }),
		{
			plainMetric: plainMetric[stats.Server]{desc: desc("server_response_seconds",
				"Time from a request to the server's reply.", "pool", "server", "role")},
			histogram: func(v *stats.Server) *stats.Histogram { return &v.Waited },
		},
	}
}
