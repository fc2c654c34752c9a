package redis

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// Switch is a Sentinel's announcement that another server has become the master.
type Switch struct {
	Name string // name of the master
	Host string // an address or a name
	Port int
}

// announced is the channel on which Sentinels announce new masters.
const announced = "+switch-master"

// Listen listens to the Sentinel at an address until ctx is done or the connection is lost, and returns the
// reason. It calls subscribed once it listens, and switched for each change, both on this goroutine. timeout
// limits the connect. A Sentinel that has been silent for quiet is asked whether it is alive. It is lost if it
// does not answer within another quiet.
func Listen(ctx context.Context, by DialFunc, sentinel string, timeout, quiet time.Duration, subscribed func(),
	switched func(Switch),
) error {
	conn, free, err := dial(ctx, by, "tcp", sentinel, timeout)
	if err != nil {
		return err
	}
	defer free()
	c := goredis.NewSentinelClient(options(conn, "", timeout))
	defer c.Close()
	sub := c.Subscribe(ctx)
	defer sub.Close()
	if err := sub.Subscribe(ctx, announced); err != nil {
		return err
	}
	for asked := false; ; {
		message, err := sub.ReceiveTimeout(ctx, quiet)
		if errors.Is(err, os.ErrDeadlineExceeded) && !asked {
			asked = true
			err = sub.Ping(ctx)
		} else {
			asked = false
		}
		if err != nil {
			return err
		}
		switch m := message.(type) {
		case *goredis.Subscription:
			subscribed()
		case *goredis.Message:
			s, err := parseSwitch(m.Payload)
			if err != nil {
				return err
			}
			switched(s)
		}
	}
}

// parseSwitch parses "name old-host old-port host port".
func parseSwitch(payload string) (Switch, error) {
	words := strings.Fields(payload)
	if len(words) != 5 {
		return Switch{}, fmt.Errorf("%s %q is not understood", announced, payload)
	}
	port, err := parsePort(words[4])
	return Switch{Name: words[0], Host: words[3], Port: port}, err
}
