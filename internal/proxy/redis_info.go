package proxy

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"magent/internal/pool"
	"magent/internal/stats"
	"magent/resp"
)

// answerInfo answers INFO with what the proxy knows of itself and of the servers. The form, and where possible the
// names, are those of Redis. Clients look for the version and the mode of the server. keyspace has the lines of the
// section Keyspace.
func (q *statsRound) answerInfo(sections []string, keyspace string) {
	count := statsOf(q.pool.Name, &q.process, &q.sum)
	if count == nil {
		q.call.Answer([]byte("-ERR the pool was removed\r\n"))
		return
	}
	info := infoText{wanted: sections}
	info.proxy(q.pool, &q.process, count)
	info.servers(q.pool, &q.sum)
	info.hotKeys(&q.hot)
	info.keyspace(q.pool, keyspace)
	sh, proto := q.home, resp.Proto(q.call.Tag)
	sh.Redis.Line = proto.AppendText(sh.Redis.Line[:0], info.String())
	q.call.Answer(sh.Redis.Line)
}

// infoText is the answer to INFO.
type infoText struct {
	strings.Builder
	wanted []string // names of sections in lower case; "all" stands for every one
}

// section adds a section, if it is wanted. lines are names and values in turn.
func (b *infoText) section(name string, lines ...string) {
	if !slices.Contains(b.wanted, "all") && !slices.Contains(b.wanted, strings.ToLower(name)) {
		return
	}
	fmt.Fprintf(b, "# %s\r\n", name)
	for i := 0; i < len(lines); i += 2 {
		fmt.Fprintf(b, "%s:%s\r\n", lines[i], lines[i+1])
	}
	b.WriteString("\r\n")
}

func (b *infoText) proxy(p *pool.Pool, process *stats.Process, count *stats.Counters) {
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

func (b *infoText) servers(p *pool.Pool, all *stats.Snapshot) {
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

func (b *infoText) hotKeys(hot *stats.Hottest) {
	var lines []string
	for i, k := range hot.Top(shownHotKeys) {
		lines = append(lines, fmt.Sprintf("hotkey%d", i+1),
			fmt.Sprintf("key=%s,percent=%s", stats.Visible(k.Key), stats.Percent(hot.Share(k.Count))))
	}
	b.section("Hotkeys", lines...)
}

// keyspace adds the section Keyspace. It has the databases that clients may see.
func (b *infoText) keyspace(p *pool.Pool, text string) {
	var lines []string
	own := "db" + strconv.Itoa(p.Config.RedisDB)
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if !strings.HasPrefix(name, "db") || name == own || p.Config.Databases {
			lines = append(lines, name, value)
		}
	}
	b.section("Keyspace", lines...)
}

// statsOf returns a pool's part of the figures of all loops; nil: there is no such pool.
func statsOf(pool string, process *stats.Process, all *stats.Snapshot) *stats.Counters {
	for i := range process.Pools {
		if process.Pools[i].Name == pool {
			return &all.Pools[i]
		}
	}
	return nil
}
