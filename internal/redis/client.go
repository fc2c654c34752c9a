package redis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Silence disables the log of the client library, for the whole process. What it would write to stderr is in the
// errors that this package returns.
func Silence() { logging.Disable() }

// errUsedUp refuses a second connection to a client.
var errUsedUp = errors.New("the connection is lost")

// options are for a client with one connection, which exists already, and without retries. A command is given up
// after timeout, or when its context is done.
func options(conn net.Conn, password string, timeout time.Duration) *goredis.Options {
	var used atomic.Bool
	return &goredis.Options{
		Dialer: func(context.Context, string, string) (net.Conn, error) {
			if used.Swap(true) {
				return nil, errUsedUp
			}
			return conn, nil
		},
		DialerRetries: 1, MaxRetries: -1, PoolSize: 1,
		Password: password, Protocol: 2, DisableIdentity: true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
		ContextTimeoutEnabled:    true, ReadTimeout: timeout, WriteTimeout: timeout,
	}
}

// DialFunc connects to an address by a dialer. What is to be said before anything else may take limit.
type DialFunc func(
	ctx context.Context, dialer *net.Dialer, network, address string, limit time.Duration,
) (net.Conn, error)

// dial connects to an address. The connection is closed when ctx is done, or by free, which the caller has to call.
func dial(ctx context.Context, by DialFunc, network, address string, timeout time.Duration) (
	conn net.Conn, free func(), err error,
) {
	if conn, err = by(ctx, &net.Dialer{Timeout: timeout}, network, address, timeout); err != nil {
		return nil, nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	return conn, func() { stop(); _ = conn.Close() }, nil
}

// Ping asks the server at an address whether it executes commands. It returns nil only for +PONG, so not if the
// server is still loading its data, has lost its master, or wants another password. An empty password is not sent.
// timeout limits the connect and each reply.
func Ping(ctx context.Context, by DialFunc, network, address, password string, timeout time.Duration) error {
	conn, free, err := dial(ctx, by, network, address, timeout)
	if err != nil {
		return err
	}
	defer free()
	c := goredis.NewClient(options(conn, password, timeout))
	defer c.Close()
	answer, err := c.Ping(ctx).Result()
	if err == nil && answer != "PONG" {
		err = fmt.Errorf("it answered %q to PING", answer)
	}
	return err
}

// ErrorReply returns the error with which a server has answered, with its code but without '-' and CRLF; empty: err is
// of another kind.
func ErrorReply(err error) string {
	var reply goredis.Error
	if !errors.As(err, &reply) {
		return ""
	}
	return reply.Error()
}

// Master asks the Sentinel at an address for the address of a master, whose host may be a name. timeout limits
// the connect and the reply.
func Master(ctx context.Context, by DialFunc, sentinel, name string, timeout time.Duration) (
	host string, port int, err error,
) {
	conn, free, err := dial(ctx, by, "tcp", sentinel, timeout)
	if err != nil {
		return "", 0, err
	}
	defer free()
	c := goredis.NewSentinelClient(options(conn, "", timeout))
	defer c.Close()
	answer, err := c.GetMasterAddrByName(ctx, name).Result()
	switch {
	case errors.Is(err, goredis.Nil):
		return "", 0, fmt.Errorf("sentinel %s knows no master %q", sentinel, name)
	case err != nil:
		return "", 0, fmt.Errorf("sentinel %s: %w", sentinel, err)
	case len(answer) != 2:
		return "", 0, fmt.Errorf("sentinel %s answered %q", sentinel, answer)
	}
	port, err = parsePort(answer[1])
	return answer[0], port, err
}

func parsePort(text string) (int, error) {
	port, err := strconv.ParseUint(text, 10, 16)
	return int(port), err
}
