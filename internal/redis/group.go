package redis

import (
	"context"
	"fmt"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// Replica is a replica of a master, as a Sentinel knows it.
type Replica struct {
	Host string // an address or a name
	Port int
	Down bool // the Sentinel cannot reach it, or its link to the master is down
}

// Replicas asks the Sentinel at an address for the replicas of a master. timeout limits the connect and the reply.
func Replicas(
	ctx context.Context, by DialFunc, sentinel, name string, timeout time.Duration,
) (all []Replica, err error) {
	conn, free, err := dial(ctx, by, "tcp", sentinel, timeout)
	if err != nil {
		return nil, err
	}
	defer free()
	c := goredis.NewSentinelClient(options(conn, "", timeout))
	defer c.Close()
	answer, err := c.Replicas(ctx, name).Result()
	if err != nil {
		return nil, fmt.Errorf("sentinel %s: %w", sentinel, err)
	}
	for _, fields := range answer {
		r := Replica{Host: fields["ip"], Down: isDown(fields)}
		if r.Port, err = parsePort(fields["port"]); err != nil {
			return nil, fmt.Errorf("sentinel %s answered the port %q", sentinel, fields["port"])
		}
		all = append(all, r)
	}
	return all, nil
}

// isDown reports whether a Sentinel says that a replica cannot be reached, or has no link to its master.
func isDown(fields map[string]string) bool {
	for flag := range strings.SplitSeq(fields["flags"], ",") {
		switch flag {
		case "s_down", "o_down", "disconnected":
			return true
		}
	}
	down := fields["master-link-down-time"]
	return fields["master-link-status"] != "ok" || down != "" && down != "0"
}
