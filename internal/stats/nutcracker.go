package stats

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// poolField is a figure of a pool, with twemproxy's name and description.
type poolField struct {
	name, about string
	value       func(*Counters, []Server) int64
}

var poolFields = []poolField{
	{"client_eof", `"# eof on client connections"`, func(c *Counters, _ []Server) int64 {
		return int64(c.ClientEOFs)
	}},
	{"client_err", `"# errors on client connections"`, func(c *Counters, _ []Server) int64 {
		return int64(c.ClientErrors)
	}},
	{"client_connections", `"# active client connections"`, func(c *Counters, _ []Server) int64 {
		return c.CurrConnections
	}},
	{"server_ejects", `"# times backend server was ejected"`, func(_ *Counters, servers []Server) (n int64) {
		for i := range servers {
			n += int64(servers[i].Ejections)
		}
		return n
	}},
	{"forward_error", `"# times we encountered a forwarding error"`, func(c *Counters, _ []Server) int64 {
		return int64(c.Errors)
	}},
	{"fragments", `"# fragments created from a multi-vector request"`, func(c *Counters, _ []Server) int64 {
		return int64(c.Fragments)
	}},
}

// serverField is the same for a server.
type serverField struct {
	name, about string
	value       func(*Server) int64
}

var serverFields = []serverField{
	{"server_eof", `"# eof on server connections"`, func(s *Server) int64 { return int64(s.EOFs) }},
	{"server_err", `"# errors on server connections"`, func(s *Server) int64 { return int64(s.Failures) }},
	{"server_timedout", `"# timeouts on server connections"`, func(s *Server) int64 {
		return int64(s.Timeouts + s.ConnectTimeouts)
	}},
	{"server_connections", `"# active server connections"`, func(s *Server) int64 { return int64(s.Connected) }},
	{"server_ejected_at", `"timestamp when server was ejected in usec since epoch"`, func(s *Server) int64 {
		return s.EjectedAt
	}},
	{"requests", `"# requests"`, func(s *Server) int64 { return int64(s.Requests) }},
	{"request_bytes", `"total request bytes"`, func(s *Server) int64 { return int64(s.Sent) }},
	{"responses", `"# responses"`, func(s *Server) int64 { return int64(s.Replies) }},
	{"response_bytes", `"total response bytes"`, func(s *Server) int64 { return int64(s.Received) }},
	{"in_queue", `"# requests in incoming queue"`, func(s *Server) int64 { return int64(s.Unsent) }},
	{"in_queue_bytes", `"current request bytes in incoming queue"`, func(s *Server) int64 {
		return int64(s.UnsentBytes)
	}},
	{"out_queue", `"# requests in outgoing queue"`, func(s *Server) int64 { return int64(s.Awaited) }},
	{"out_queue_bytes", `"current request bytes in outgoing queue"`, func(s *Server) int64 {
		return int64(s.AwaitedBytes)
	}},
}

// copyFields are additional figures of servers in a pool with backups.
var copyFields = []serverField{
	{"dirty_keys", "", func(s *Server) int64 { return int64(s.DirtyKeys) }},
	{"dirty_overflow", "", func(s *Server) int64 { return int64(s.DirtyAll) }},
	{"repairs", "", func(s *Server) int64 { return int64(s.Repairs) }},
	{"refills", "", func(s *Server) int64 { return int64(s.Refills) }},
	{"refill_progress", "", func(s *Server) int64 { return int64(s.refillProgress()) }},
	{"refill_eta", "", func(s *Server) int64 { return int64(s.RefillLeft.Round(time.Second) / time.Second) }},
	{"stale_reads_avoided", "", func(s *Server) int64 { return int64(s.Avoided) }},
	{"cas_refused", "", func(s *Server) int64 { return int64(s.CasRefused) }},
}

// Describe returns the list that nutcracker -D prints.
func Describe() string {
	var b strings.Builder
	b.WriteString("pool stats:\n")
	for _, f := range poolFields {
		fmt.Fprintf(&b, "  %-20s%s\n", f.name, f.about)
	}
	b.WriteString("\nserver stats:\n")
	for _, f := range serverFields {
		fmt.Fprintf(&b, "  %-20s%s\n", f.name, f.about)
	}
	return b.String()
}

// AppendNutcracker appends what twemproxy's stats port sends: one line of JSON, with twemproxy's order and blanks.
// As there, connections are those of clients and servers, and listeners. Servers in a pool with backups have role,
// state and copyFields as well.
func AppendNutcracker(dst []byte, p *Process, s *Snapshot) []byte {
	current, total := s.CurrConnections, s.TotalConnections
	for i := range s.Servers {
		current += int64(s.Servers[i].Connected)
		total += s.Servers[i].Connects
	}
	for i := range p.Pools {
		current += int64(len(p.Pools[i].Listen))
		total += uint64(len(p.Pools[i].Listen))
	}
	w := object{append(dst, '{')}
	w.str("service", "nutcracker")
	w.str("source", p.Host)
	w.str("version", p.Release)
	w.num("uptime", int64(p.Now.Sub(p.Started)/time.Second))
	w.num("timestamp", p.Now.Unix())
	w.num("total_connections", int64(total))
	w.num("curr_connections", current)
	servers := s.Servers
	for i := range min(len(s.Pools), len(p.Pools)) {
		n := 0
		for n < len(servers) && servers[n].Pool == p.Pools[i].Name {
			n++
		}
		w.pool(p.Pools[i].Name, &s.Pools[i], servers[:n])
		servers = servers[n:]
	}
	return append(w.dst, "}\n"...)
}

func (w *object) pool(name string, c *Counters, servers []Server) {
	w.open(name)
	defer w.close()
	copies := slices.ContainsFunc(servers, func(s Server) bool { return s.Role == "backup" })
	for _, f := range poolFields {
		w.num(f.name, f.value(c, servers))
	}
	if copies {
		w.num("retries_to_backup", int64(c.Retries))
		w.num("disagreements", int64(c.Disagreements))
	}
	for i := range servers {
		w.server(memberName(servers[:i], servers[i].RingName), &servers[i], copies)
	}
}

// memberName returns the server's name, or another one if an earlier server has that name. A primary and a
// backup may have the same.
func memberName(before []Server, name string) string {
	if slices.ContainsFunc(before, func(s Server) bool { return s.RingName == name }) {
		return name + " backup"
	}
	return name
}

func (w *object) server(name string, s *Server, copies bool) {
	w.open(name)
	defer w.close()
	for _, f := range serverFields {
		w.num(f.name, f.value(s))
	}
	if !copies {
		return
	}
	w.str("role", s.Role)
	w.str("state", s.State)
	for _, f := range copyFields {
		w.num(f.name, f.value(s))
	}
}
