package proxy

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"magent/internal/pool"
	"magent/internal/stats"
	"magent/resp"
)

// answerInfo answers INFO with what the proxy knows of itself and of the servers. The form, and where possible the
// names, are those of Redis. Clients look for the version and the mode of the server.
func (q *statsRound) answerInfo() {
	count := statsOf(q.pool.Name, &q.process, &q.sum)
	if count == nil {
		q.call.Answer([]byte("-ERR the pool was removed\r\n"))
		return
	}
	sh := q.home
	sh.Redis.Line = resp.AppendBulkString(sh.Redis.Line[:0], infoOf(q.pool, &q.process, count, &q.sum, &q.hot))
	q.call.Answer(sh.Redis.Line)
}

func infoOf(p *pool.Pool, process *stats.Process, count *stats.Counters, all *stats.Snapshot,
	hot *stats.Hottest,
) string {
	var b strings.Builder
	section := func(name string, lines ...string) {
		fmt.Fprintf(&b, "# %s\r\n", name)
		for i := 0; i < len(lines); i += 2 {
			fmt.Fprintf(&b, "%s:%s\r\n", lines[i], lines[i+1])
		}
		b.WriteString("\r\n")
	}
	number := func(n uint64) string { return strconv.FormatUint(n, 10) }
	up := int64(process.Now.Sub(process.Started).Seconds())
	section("Server", "redis_version", p.RedisVersion(), "redis_mode", "standalone", "process_id",
		strconv.Itoa(process.PID),
		"uptime_in_seconds", strconv.FormatInt(up, 10), "proxy", "magent", "proxy_version", process.Version,
		"proxy_pool", p.Name)
	section("Clients", "connected_clients", strconv.FormatInt(count.CurrConnections, 10), "maxclients",
		strconv.Itoa(cmp.Or(p.Config.ClientConnections, process.MaxClients)))
	section("Stats", "total_connections_received", number(count.TotalConnections), "total_commands_processed",
		number(count.CmdRedis),
		"total_net_input_bytes", number(count.BytesRead), "total_net_output_bytes", number(count.BytesWritten),
		"rejected_connections", number(count.RejectedConnections), "total_error_replies", number(count.Errors))
	section("Replication", "role", "master", "connected_slaves", "0")
	section("Cluster", "cluster_enabled", "0")
	var servers []string
	for i := range all.Servers {
		if v := &all.Servers[i]; v.Pool == p.Name {
			servers = append(servers, fmt.Sprintf("server%d", len(servers)/2),
				fmt.Sprintf("name=%s,address=%s,state=%s,requests=%d,errors=%d", v.RingName, v.Address, v.State,
					v.Requests, v.Errors))
		}
	}
	section("Servers", servers...)
	var hottest []string
	for i, k := range hot.Top(shownHotKeys) {
		hottest = append(hottest, fmt.Sprintf("hotkey%d", i+1),
			fmt.Sprintf("key=%s,percent=%s", stats.Visible(k.Key), stats.Percent(hot.Share(k.Count))))
	}
	section("Hotkeys", hottest...)
	return b.String()
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
