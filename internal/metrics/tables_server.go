package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"magent/internal/stats"
)

func serverTable() []metric[stats.Server] {
	add := func(name, help string, kind prometheus.ValueType, value func(*stats.Server) float64) metric[stats.Server] {
		return metric[stats.Server]{plainMetric: plainMetric[stats.Server]{desc("server_"+name, help, "pool", "server", "role"), kind, value}}
	}
	counter := func(name, help string, value func(*stats.Server) uint64) metric[stats.Server] {
		return add(name, help, prometheus.CounterValue, func(v *stats.Server) float64 { return float64(value(v)) })
	}
	gauge := func(name, help string, value func(*stats.Server) float64) metric[stats.Server] {
		return add(name, help, prometheus.GaugeValue, value)
	}
	return []metric[stats.Server]{
		counter("requests_total", "Requests sent to the server, copies included.", func(v *stats.Server) uint64 { return v.Requests }),
		counter("replies_total", "Requests that the server has answered.", func(v *stats.Server) uint64 { return v.Replies }),
		counter("request_errors_total", "Requests that the server has not answered.", func(v *stats.Server) uint64 { return v.Errors }),
		counter("timeouts_total", "Requests that the server has not answered in time.", func(v *stats.Server) uint64 { return v.Timeouts }),
		counter("ejections_total", "Times that the server was taken out of use.", func(v *stats.Server) uint64 { return v.Ejections }),
		counter("connects_total", "Connections to the server that were made.", func(v *stats.Server) uint64 { return v.Connects }),
		counter("connect_timeouts_total", "Connections to the server that could not be made in time.", func(v *stats.Server) uint64 { return v.ConnectTimeouts }),
		counter("connection_eofs_total", "Connections that the server closed.", func(v *stats.Server) uint64 { return v.EOFs }),
		counter("connection_errors_total", "Connections to the server, and attempts to make one, that failed in another way.", func(v *stats.Server) uint64 { return v.Failures }),
		counter("sent_bytes_total", "Bytes sent to the server.", func(v *stats.Server) uint64 { return v.Sent }),
		counter("received_bytes_total", "Bytes received from the server.", func(v *stats.Server) uint64 { return v.Received }),
		counter("repairs_total", "Keys that were copied to the server or deleted there, because it had missed a write.", func(v *stats.Server) uint64 { return v.Repairs }),
		counter("refills_total", "Keys that the server lacked and was given.", func(v *stats.Server) uint64 { return v.Refills }),
		counter("stale_reads_avoided_total", "Reads that went to the other copy, because the key was dirty on the server.", func(v *stats.Server) uint64 { return v.Avoided }),
		counter("cas_refused_total", "Compares with a token that the server did not hand out in its present run.", func(v *stats.Server) uint64 { return v.CasRefused }),
		gauge("connections", "Connections to the server that stand.", func(v *stats.Server) float64 { return float64(v.Connected) }),
		gauge("draining_connections", "Connections to the server that were given up and whose end is waited for.", func(v *stats.Server) float64 { return float64(v.Draining) }),
		gauge("pending_requests", "Requests to the server in flight.", func(v *stats.Server) float64 { return float64(v.Pending) }),
		gauge("unsent_bytes", "Bytes that wait for the server's socket.", func(v *stats.Server) float64 { return float64(v.UnsentBytes) }),
		gauge("dirty_keys", "Keys that are to be copied to the server or deleted there, because it missed a write.", func(v *stats.Server) float64 { return float64(v.DirtyKeys) }),
		gauge("dirty_overflow", "More than 0: more keys than --dirty-keys are dirty, and the server is to be flushed.", func(v *stats.Server) float64 { return float64(v.DirtyAll) }),
		gauge("refill_progress_ratio", "How much of its contents the server has: less than 1 while it is filled from the other copies.", func(v *stats.Server) float64 { return v.RefillProgress() }),
		gauge("refill_remaining_seconds", "About the time until the server is filled.", func(v *stats.Server) float64 { return v.RefillLeft.Seconds() }),
		gauge("ejected_timestamp_seconds", "When the server was taken out of use last, since 1970; 0: never.", func(v *stats.Server) float64 { return float64(v.EjectedAt) / 1e6 }),
		{
			plainMetric: plainMetric[stats.Server]{desc: desc("server_response_seconds", "From a request to the server's reply.", "pool", "server", "role")},
			histogram:   func(v *stats.Server) *stats.Histogram { return &v.Waited },
		},
	}
}
