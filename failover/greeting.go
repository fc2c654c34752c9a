package failover

import (
	"bytes"
	"strconv"
	"time"
)

// Greeting is what a server says of itself when a connection to it begins: its reply to stats. The zero value:
// nothing.
type Greeting struct {
	Identity
	Uptime int64 // seconds that the process has run, -1: it does not say; memcached says one or two too many
	Items  int64 // that take memory, those that have expired or were flushed among them; -1: it does not say

	// Counters, which only grow within a run; -1: it does not say. They tell runs apart that share an Identity. In
	// a container the process is always number 1, one that is restarted at once may begin in the same second, and
	// containers are started together. A number that is smaller than it has to be proves another run. ("stats
	// reset" looks like one, too: then contents are made good without need.) Nothing in stats proves that two
	// greetings are of the same run. A key of ours could, but it may be evicted, flushed, or copied to another
	// server. So numbers that are large enough are believed.
	Read        int64 // bytes
	Connections int64
	Stored      int64 // items, in all
}

// leastRequest is the size of the smallest request that has a reply: a further key of a joint get.
const leastRequest = 2

// After is what the same run says at least when it has given so many more replies: memcached counts what it reads
// before it replies.
func (g Greeting) After(replies uint64) Greeting {
	g.Read += leastRequest * int64(replies)
	return g
}

// Continues reports whether g, which came later, can be of the same run as before.
func (g *Greeting) Continues(before Greeting) bool {
	fell := func(now, then int64) bool { return now >= 0 && now < then }
	return g.Identity == before.Identity &&
		!fell(g.Read, before.Read) && !fell(g.Connections, before.Connections) && !fell(g.Stored, before.Stored)
}

// Age is how long ago the process began at most, if it says so.
func (g *Greeting) Age() time.Duration { return time.Duration(g.Uptime+1) * time.Second }

// ReadGreeting takes a Greeting out of a reply to stats.
func ReadGreeting(stats []byte) Greeting {
	var now int64
	g := Greeting{Uptime: -1, Items: -1, Read: -1, Connections: -1, Stored: -1}
	for line := range bytes.Lines(stats) {
		words := bytes.Fields(line)
		if len(words) < 3 {
			continue
		}
		number, err := strconv.ParseInt(string(words[2]), 10, 64)
		if err != nil {
			continue
		}
		switch string(words[1]) {
		case "pid":
			g.PID = number
		case "time":
			now = number
		case "uptime":
			g.Uptime = number
		case "curr_items":
			g.Items = number
		case "bytes_read":
			g.Read = number
		case "total_connections":
			g.Connections = number
		case "total_items":
			g.Stored = number
		}
	}
	if g.PID == 0 || now == 0 || g.Uptime < 0 {
		g.Identity = Identity{}
		return g
	}
	g.Start = now - g.Uptime
	return g
}
