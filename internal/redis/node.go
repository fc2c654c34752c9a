package redis

import (
	"bufio"
	"context"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// Node asks one server again and again what it replicates, on a connection that stays. It is used by one goroutine at
// a time, and must be closed.
type Node struct {
	By               DialFunc
	Network, Address string
	Password         string // not sent if empty
	client           *goredis.Client
	free             func()
}

// Replication is what a server says of itself.
type Replication struct {
	Master bool          // it is a master
	Linked bool          // it is a replica, and its link to the master is up
	Data   string        // the data that it has: a master and all replicas in step with it have the same
	Delay  time.Duration // from a PING to its answer
}

// Ask asks the server. Each step may take limit. The connection ends with life, which has to be the same each time.
func (n *Node) Ask(life context.Context, limit time.Duration) (r Replication, err error) {
	ctx, cancel := context.WithTimeout(life, limit)
	defer cancel()
	if n.client == nil {
		if err = n.connect(life, limit); err != nil {
			return r, err
		}
	}
	begin := time.Now()
	text := ""
	if err = n.client.Ping(ctx).Err(); err == nil {
		r.Delay = time.Since(begin)
		text, err = n.client.Info(ctx, "replication").Result()
	}
	if err != nil {
		n.Close()
		return r, err
	}
	r.read(text)
	return r, nil
}

// connect connects, and says what comes before anything else: that would count as delay.
func (n *Node) connect(life context.Context, limit time.Duration) error {
	conn, free, err := dial(life, n.By, n.Network, n.Address, limit)
	if err != nil {
		return err
	}
	n.client, n.free = goredis.NewClient(options(conn, n.Password, limit)), free
	ctx, cancel := context.WithTimeout(life, limit)
	defer cancel()
	if err = n.client.Ping(ctx).Err(); err != nil {
		n.Close()
	}
	return err
}

// Close ends the connection, if there is one. The next Ask makes another.
func (n *Node) Close() {
	if n.client != nil {
		_ = n.client.Close()
		n.free()
		n.client, n.free = nil, nil
	}
}

// read takes the section Replication of INFO.
func (r *Replication) read(text string) {
	replica := false
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), ":")
		switch name {
		case "role":
			r.Master, replica = value == "master", value == "slave"
		case "master_link_status":
			r.Linked = value != "down"
		case "master_replid":
			r.Data = value
		}
	}
	r.Linked = r.Linked && replica
}
