package stats

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// AppendGeneral appends the reply to "stats". It has memcached's names, so that exporters and dashboards understand
// it, the names of memcached's own proxy, and ours. What servers store is left out until one of them has reported it.
func AppendGeneral(dst []byte, p *Process, s *Snapshot) []byte {
	w := writer{dst}
	w.num("pid", p.PID)
	w.num("uptime", int(p.Now.Sub(p.Started)/time.Second))
	w.num("time", int(p.Now.Unix()))
	w.str("version", p.Version)
	w.str("magent_version", p.Release)
	w.num("pointer_size", strconv.IntSize)
	w.str("rusage_user", seconds(p.UserTime))
	w.str("rusage_system", seconds(p.SystemTime))
	w.num("max_connections", p.MaxClients)
	w.num("curr_connections", int(s.CurrConnections))
	w.uint("total_connections", s.TotalConnections)
	w.uint("rejected_connections", s.RejectedConnections)
	w.num("connection_structures", int(s.CurrConnections))
	w.num("curr_binary_connections", int(s.CurrBinary))
	w.num("curr_tls12_connections", int(s.CurrTLS12))
	w.num("curr_tls13_connections", int(s.CurrTLS13))
	w.uint("ssl_handshake_errors", s.TLSErrors)
	w.commands(&s.Counters)
	w.uint("bytes_read", s.BytesRead)
	w.uint("bytes_written", s.BytesWritten)
	w.num("accepting_conns", flag(p.Accepting))
	w.num("listen_disabled_num", 0)
	w.uint("conn_yields", s.Backpressure)
	w.num("threads", p.Threads)
	stored := s.stored()
	w.stored("", &stored, p.Now)
	w.proxy(p, s)
	return w.end()
}

// commands appends what memcached counts by command.
func (w *writer) commands(c *Counters) {
	for _, f := range [...]struct {
		name  string
		value uint64
	}{
		{"cmd_get", c.CmdGet},
		{"cmd_set", c.CmdSet},
		{"cmd_flush", c.CmdFlush},
		{"cmd_touch", c.CmdTouch},
		{"cmd_meta", c.CmdMeta},
		{"get_hits", c.GetHits},
		{"get_misses", c.GetMisses},
		{"get_expired", 0},
		{"get_flushed", 0},
		{"delete_misses", c.DeleteMisses},
		{"delete_hits", c.DeleteHits},
		{"incr_misses", c.IncrMisses},
		{"incr_hits", c.IncrHits},
		{"decr_misses", c.DecrMisses},
		{"decr_hits", c.DecrHits},
		{"cas_misses", c.CasMisses},
		{"cas_hits", c.CasHits},
		{"cas_badval", c.CasBadval},
		{"touch_hits", c.TouchHits},
		{"touch_misses", c.TouchMisses},
		{"auth_cmds", c.AuthCmds},
		{"auth_errors", c.AuthErrors},
	} {
		w.uint(f.name, f.value)
	}
}

// proxy appends the figures of the proxy, under the names of memcached's own proxy where it has them.
func (w *writer) proxy(p *Process, s *Snapshot) {
	var requests, ejections uint64
	var away int
	for i := range s.Servers {
		requests += s.Servers[i].Requests
		ejections += s.Servers[i].Ejections
		away += flag(s.Servers[i].State != StateUp)
	}
	w.uint("proxy_conn_requests", requests)
	w.uint("proxy_conn_errors", s.Errors)
	w.num("proxy_conn_oom", 0)
	w.num("proxy_req_active", int(s.ActiveRequests))
	w.uint("proxy_config_reloads", p.Reloads)
	w.uint("proxy_config_reload_fails", p.ReloadErrors)
	w.num("proxy_backend_total", len(s.Servers))
	w.num("proxy_backend_marked_bad", away)
	w.uint("proxy_backend_failed", ejections)
	w.uint("hot_hits", s.HotHits)
	w.num("hot_keys", int(s.HotKeys))
	w.num("hot_bytes", int(s.HotBytes))
	w.uint("proxy_retries_to_backup", s.Retries)
	w.uint("proxy_disagreements", s.Disagreements)
	w.uint("proxy_inconsistencies", s.Inconsistencies)
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}

// AppendSettings appends the reply to "stats settings".
func AppendSettings(dst []byte, p *Process) []byte {
	w := writer{dst}
	w.num("maxconns", p.MaxClients)
	w.num("num_threads", p.Threads)
	w.num("item_size_max", p.MaxValue)
	w.str("cas_enabled", "yes")
	w.str("binding_protocol", "ascii")
	for i := range p.Pools {
		pool := &p.Pools[i]
		name := "pool:" + strings.ReplaceAll(pool.Name, " ", "_") + ":"
		for n, l := range pool.Listen {
			w.str(name+"listen:"+strconv.Itoa(n), l)
		}
		w.str(name+"distribution", pool.Distribution)
		w.str(name+"hash", pool.Hash)
		if pool.HashTag != "" {
			w.str(name+"hash_tag", pool.HashTag)
		}
		w.str(name+"ack", pool.Ack)
		w.str(name+"auth", yes(pool.Auth))
		w.str(name+"server_auth", yes(pool.ServerAuth))
		w.str(name+"tls", yes(pool.TLS))
		w.str(name+"server_tls", yes(pool.ServerTLS))
		w.num(name+"item_size_max", pool.MaxValue)
		w.num(name+"maxconns", pool.MaxClients)
		w.num(name+"timeout_ms", int(pool.Timeout.Milliseconds()))
		w.num(name+"connect_timeout_ms", int(pool.ConnectTimeout.Milliseconds()))
		w.num(name+"server_failure_limit", pool.FailureLimit)
		w.num(name+"probe_interval_ms", int(pool.ProbeInterval.Milliseconds()))
	}
	return w.end()
}

// AppendServers appends the reply to "stats servers": lines of the form "STAT server:N:FIELD VALUE". standby: another
// machine has the address of --vip, so what is missed is known there.
func AppendServers(dst []byte, now time.Time, standby bool, s *Snapshot) []byte {
	w := writer{dst}
	for i := range s.Servers {
		v := &s.Servers[i]
		name := "server:" + strconv.Itoa(i) + ":"
		w.str(name+"address", v.Address)
		if v.Name != "" {
			w.str(name+"name", v.Name)
		}
		w.str(name+"pool", v.Pool)
		w.str(name+"role", v.Role)
		w.str(name+"state", v.State)
		if v.Since > 0 {
			w.num(name+"since", int(v.Since/1e6))
		}
		if v.Check.At > 0 {
			w.str(name+"last_check", v.Check.Result())
			w.str(name+"last_check_age", seconds(v.Check.Ago(now)))
		}
		if standby {
			w.num(name+"standby", 1)
		}
		w.str(name+"identity", v.Identity)
		if v.Meta != "" {
			w.str(name+"meta_commands", v.Meta)
		}
		w.num(name+"connected", v.Connected)
		w.num(name+"pending", v.Pending)
		w.uint(name+"requests", v.Requests)
		w.uint(name+"replies", v.Replies)
		w.uint(name+"errors", v.Errors)
		w.uint(name+"timeouts", v.Timeouts)
		w.uint(name+"ejections", v.Ejections)
		w.num(name+"dirty_keys", v.DirtyKeys)
		w.num(name+"dirty_overflow", v.DirtyAll)
		w.num(name+"draining_connections", v.Draining)
		w.uint(name+"repairs", v.Repairs)
		w.uint(name+"refills", v.Refills)
		w.num(name+"refill_progress", v.refillProgress())
		w.num(name+"refill_eta", int(v.RefillLeft.Round(time.Second)/time.Second))
		if v.Unfillable != "" {
			w.str(name+"not_filled", v.Unfillable)
		}
		w.uint(name+"stale_reads_avoided", v.Avoided)
		w.uint(name+"cas_refused", v.CasRefused)
		if v.Replicas != nil {
			w.str(name+"replicas", strings.Join(v.Replicas, ","))
		}
		w.uint(name+"replica_reads", v.ReplicaReads)
		w.uint(name+"replica_repeats", v.ReplicaRepeats)
		w.uint(name+"connects", v.Connects)
		w.uint(name+"bytes_sent", v.Sent)
		w.uint(name+"bytes_received", v.Received)
		w.num(name+"latency_us", int(v.Latency.Microseconds()))
		w.stored(name, &v.Stored, now)
		if v.Needed > 0 {
			w.uint(name+"needed_bytes", v.Needed)
		}
		if d := v.Drained; d != nil {
			w.num(name+"drained_since", int(d.Since))
			w.str(name+"drained_by", d.By)
			if d.Reason != "" {
				w.str(name+"drained_reason", d.Reason)
			}
		}
		if v.LastError != "" {
			w.str(name+"last_error", v.LastError)
		}
	}
	return w.end()
}

// refillProgress is RefillProgress in percent.
func (s *Server) refillProgress() int {
	return int(100 * s.RefillProgress())
}

// RefillProgress returns the share of its contents that the server has: 1 unless it is being refilled.
func (s *Server) RefillProgress() float64 {
	if s.State != StateWarming {
		return 1
	}
	return float64(min(s.RefillSeen, s.RefillAll)) / float64(max(1, s.RefillAll))
}

// writer appends STAT lines.
type writer struct{ dst []byte }

func (w *writer) str(name, value string) {
	w.dst = append(w.dst, "STAT "...)
	w.dst = append(w.dst, name...)
	w.dst = append(w.dst, ' ')
	w.dst = append(w.dst, value...)
	w.dst = append(w.dst, "\r\n"...)
}

func (w *writer) num(name string, value int)     { w.str(name, strconv.Itoa(value)) }
func (w *writer) uint(name string, value uint64) { w.str(name, strconv.FormatUint(value, 10)) }
func (w *writer) end() []byte                    { return append(w.dst, "END\r\n"...) }

// seconds formats a duration with exactly one dot, as exporters expect.
func seconds(d time.Duration) string {
	return fmt.Sprintf("%d.%06d", d/time.Second, d%time.Second/time.Microsecond)
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// stored appends the figures and their age, if there are any.
func (w *writer) stored(prefix string, s *Stored, now time.Time) {
	if s.At == 0 {
		return
	}
	for _, f := range s.fields() {
		if f.whole || prefix != "" {
			w.uint(prefix+f.name, *f.value)
		}
	}
	w.num(prefix+"stored_age", max(0, int(now.Unix()-s.At)))
}
