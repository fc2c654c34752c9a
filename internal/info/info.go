// Package info writes the answer to INFO, a command of Redis, with what the proxy knows of itself and of the servers.
// The form, and where possible the names, are those of Redis. Clients look for the version and the mode of the server.
package info

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"magent/internal/pool"
	"magent/internal/stats"
)

// Figures are what a pool's answer is made of.
type Figures struct {
	Pool     *pool.Pool
	Process  *stats.Process
	Count    *stats.Counters // of the pool
	All      *stats.Snapshot
	Hot      *stats.Hottest
	HotKeys  int    // how many of the hottest keys there are at most
	Keyspace string // the lines of the section Keyspace
}

// Text is the answer. sections are the names of those that are wanted, in lower case; "all" stands for every one.
func Text(f *Figures, sections []string) string {
	t := text{wanted: sections}
	t.proxy(f.Pool, f.Process, f.Count)
	t.servers(f.Pool, f.All)
	t.hotKeys(f.Hot, f.HotKeys)
	t.keyspace(f.Pool, f.Keyspace)
	return t.String()
}

type text struct {
	strings.Builder
	wanted []string
}

// section adds a section, if it is wanted. lines are names and values in turn.
func (b *text) section(name string, lines ...string) {
	if !slices.Contains(b.wanted, "all") && !slices.Contains(b.wanted, strings.ToLower(name)) {
		return
	}
	fmt.Fprintf(b, "# %s\r\n", name)
	for i := 0; i < len(lines); i += 2 {
		fmt.Fprintf(b, "%s:%s\r\n", lines[i], lines[i+1])
	}
	b.WriteString("\r\n")
}

func (b *text) proxy(p *pool.Pool, process *stats.Process, count *stats.Counters) {
	number := func(n uint64) string { return strconv.FormatUint(n, 10) }
	up := int64(process.Now.Sub(process.Started).Seconds())
	b.section("Server", "redis_version", p.RedisVersion(), "redis_mode", "standalone", "process_id",
		strconv.Itoa(process.PID),
		"uptime_in_seconds", strconv.FormatInt(up, 10), "proxy", "magent", "proxy_version", process.Version,
		"proxy_pool", p.Name)
	b.section("Clients", "connected_clients", strconv.FormatInt(count.CurrConnections, 10), "maxclients",
		strconv.Itoa(cmp.Or(p.Config.ClientConnections, process.MaxClients)),
		"dedicated_connections", strconv.FormatInt(count.CurrDedicated, 10))
	b.section("Stats", "total_connections_received", number(count.TotalConnections), "total_commands_processed",
		number(count.CmdRedis),
		"total_net_input_bytes", number(count.BytesRead), "total_net_output_bytes", number(count.BytesWritten),
		"rejected_connections", number(count.RejectedConnections), "total_error_replies", number(count.Errors))
	b.section("Replication", "role", "master", "connected_slaves", "0")
	b.section("Cluster", "cluster_enabled", "0")
}

func (b *text) servers(p *pool.Pool, all *stats.Snapshot) {
	var lines []string
	for i := range all.Servers {
		if v := &all.Servers[i]; v.Pool == p.Name {
			lines = append(lines, fmt.Sprintf("server%d", len(lines)/2),
				fmt.Sprintf("name=%s,address=%s,state=%s,requests=%d,errors=%d", v.RingName, v.Address, v.State,
					v.Requests, v.Errors))
		}
	}
	b.section("Servers", lines...)
}

func (b *text) hotKeys(hot *stats.Hottest, most int) {
	var lines []string
	for i, k := range hot.Top(most) {
		lines = append(lines, fmt.Sprintf("hotkey%d", i+1),
			fmt.Sprintf("key=%s,percent=%s", stats.Visible(k.Key), stats.Percent(hot.Share(k.Count))))
	}
	b.section("Hotkeys", lines...)
}

// keyspace adds the section Keyspace. It has the databases that clients may see.
func (b *text) keyspace(p *pool.Pool, known string) {
	var lines []string
	own := "db" + strconv.Itoa(p.Config.RedisDB)
	for line := range strings.Lines(known) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if !strings.HasPrefix(name, "db") || name == own || p.Config.Databases {
			lines = append(lines, name, value)
		}
	}
	b.section("Keyspace", lines...)
}
