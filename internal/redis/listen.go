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

// Switch is what a Sentinel announces when another server has become a master.
type Switch struct {
	Name string // of the master
	Host string // an address, or a name
	Port int
}

// announced is the channel of a Sentinel that tells of other masters.
const announced = "+switch-master"

// Listen listens to the Sentinel at an address until ctx is done or the connection is lost, and returns why. subscribed is
// called once it listens, switched for each change, both on this goroutine. timeout bounds the connect. A Sentinel that has
// said nothing for quiet is asked whether it is there, and lost when it has not answered within another quiet.
func Listen(ctx context.Context, sentinel string, timeout, quiet time.Duration, subscribed func(), switched func(Switch)) error {
	conn, free, err := dial(ctx, "tcp", sentinel, timeout)
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

// parseSwitch reads "name old-host old-port host port".
func parseSwitch(payload string) (Switch, error) {
	words := strings.Fields(payload)
	if len(words) != 5 {
		return Switch{}, fmt.Errorf("%s %q is not understood", announced, payload)
	}
	port, err := parsePort(words[4])
	return Switch{Name: words[0], Host: words[3], Port: port}, err
}
