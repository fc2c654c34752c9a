package replicas

import (
	"cmp"
	"slices"
	"time"

	"magent/internal/loop"
	"magent/internal/redis"
)

// Node is a server of a master's group, as it was found last.
type Node struct {
	At      loop.Endpoint
	Down    bool // Sentinels say that it, or its link to the master, is down
	Answers bool // it has answered; else the rest is empty
	redis.Replication
}

// follows reports whether a node is a replica in step with a master that has this data; empty: nobody knows what.
func (n *Node) follows(data string) bool {
	return n.Answers && !n.Down && n.Linked && n.Data == data && data != ""
}

// Choice says which replicas of one master may be read. At first it has seen nothing.
type Choice struct {
	Nearest bool // only the nearest server is read, which may be the master

	master loop.Endpoint
	data   string        // what the master had when it answered last; empty: it has not answered yet
	now    loop.Endpoint // the nearest node; its zero value: none was chosen yet
}

// Another node takes the place of the nearest one only if it is nearer by a fifth of that one's delay, and by
// nearMargin. Else reads would go to and fro.
const nearMargin = 200 * time.Microsecond

// Next takes what was found, and returns the replicas that may be read, in a fixed order. If there are none, the
// master is read. A replica may be read if it says that its link to its master is up, and if its data is that of the
// master which Sentinels name. So one that was given another master is left out, and one of a replaced master.
func (c *Choice) Next(master Node, replicas []Node) (read []loop.Endpoint) {
	if c.master != master.At {
		c.master, c.data = master.At, ""
	}
	if master.Answers {
		c.data = ""
		if master.Master {
			c.data = master.Data
		}
	}
	var good []Node
	for _, n := range replicas {
		if n.follows(c.data) {
			good = append(good, n)
		}
	}
	slices.SortFunc(good, func(a, b Node) int { return cmp.Compare(a.At.String(), b.At.String()) })
	if c.Nearest {
		return c.nearest(master, good)
	}
	for _, n := range good {
		read = append(read, n.At)
	}
	return read
}

// nearest returns the nearest node, unless that is the master.
func (c *Choice) nearest(master Node, good []Node) []loop.Endpoint {
	if master.Answers && master.Master {
		good = append(good, master)
	}
	if len(good) == 0 {
		c.now = loop.Endpoint{}
		return nil
	}
	best := slices.MinFunc(good, func(a, b Node) int { return cmp.Compare(a.Delay, b.Delay) })
	at := slices.IndexFunc(good, func(n Node) bool { return n.At == c.now })
	if at < 0 || good[at].Delay-best.Delay > max(good[at].Delay/5, nearMargin) {
		c.now = best.At
	}
	if c.now == master.At {
		return nil
	}
	return []loop.Endpoint{c.now}
}

// smooth returns the delay of a node after another measurement; before is 0 if there was none.
func smooth(before, measured time.Duration) time.Duration {
	if before == 0 {
		return measured
	}
	return before + (measured-before)/4
}
