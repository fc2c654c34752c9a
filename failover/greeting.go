package failover

import (
	"bytes"
	"strconv"
	"time"
)

// Greeting is what a server reports about itself when a connection to it begins, in its reply to stats. The zero
// value stands for a server that reported nothing.
type Greeting struct {
	Identity
	Uptime int64 // seconds since the process began, one or two too many; -1: not reported
	Items  int64 // items that take memory, including expired and flushed ones; -1: not reported

	// Counters, which only grow within a run; -1: not reported. They tell runs apart that share an
	// Identity: in a container the process always has number 1, containers are started together, and a
	// restart may be within the same second.
	//
	// A counter that is smaller than it must be proves another run. "stats reset" looks like that as well, and
	// then contents are repaired without need. Nothing in stats proves that two greetings are of the same run. A
	// key of our own could, but it may be evicted, flushed, or copied to another server. So counters that are
	// large enough are believed.
	Read        int64 // bytes
	Connections int64
	Stored      int64 // items, in total
}

// leastRequest is the size of the smallest request that has a reply: one more key in a joint get.
const leastRequest = 2

// After returns the least that the same run reports after so many more replies. memcached counts what it
// reads before it replies.
func (g Greeting) After(replies uint64) Greeting {
	g.Read += leastRequest * int64(replies)
	return g
}

// Continues reports whether g, which is later, may be of the same run as before.
func (g *Greeting) Continues(before Greeting) bool {
	fell := func(now, then int64) bool { return now >= 0 && now < then }
	return g.Identity == before.Identity &&
		!fell(g.Read, before.Read) && !fell(g.Connections, before.Connections) && !fell(g.Stored, before.Stored)
}

// Age returns the maximum time since the process began. It is meaningless if Uptime is -1.
func (g *Greeting) Age() time.Duration { return time.Duration(g.Uptime+1) * time.Second }

// ReadGreeting parses a reply to stats. It does not keep the slice.
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
