package verify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"magent/internal/maintenance"
	"magent/internal/stats"
)

// Running asks a running magent, as its clients do, how it has the servers of its pools (`stats servers`).
func Running(ctx context.Context, magent Server, timeout time.Duration) ([]maintenance.Group, error) {
	c, err := connect(ctx, magent, timeout)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	c.out = append(c.out, "stats servers\r\n"...)
	if err := c.flush(); err != nil {
		return nil, err
	}
	var all told
	for {
		line, err := c.line()
		if err != nil {
			return nil, err
		}
		if string(line) == "END" {
			break
		}
		words := strings.SplitN(string(bytes.TrimPrefix(line, []byte("STAT "))), " ", 2)
		at := strings.SplitN(words[0], ":", 3)
		if string(line) == unauthenticated {
			return nil, c.failed(errors.New("it wants a password of its clients: name its --admin-socket"))
		}
		if len(words) != 2 || len(at) != 3 || at[0] != "server" {
			return nil, c.failed(fmt.Errorf("it is no magent: it answers `stats servers` with %.100q", line))
		}
		all.note(at[1], at[2], words[1])
	}
	if len(all) == 0 {
		return nil, c.failed(errors.New("it is no magent: it does not know `stats servers`"))
	}
	return all.groups(), nil
}

// unauthenticated is what a magent with --auth-file answers.
const unauthenticated = "CLIENT_ERROR unauthenticated"

// told are the servers that a magent has told of, in its order.
type told []toldServer

type toldServer struct {
	number, pool string
	standby      bool
	maintenance.Server
}

// note adds one field of a server.
func (t *told) note(number, field, value string) {
	if n := len(*t); n == 0 || (*t)[n-1].number != number {
		*t = append(*t, make(told, 1)...)
	}
	one := &(*t)[len(*t)-1]
	one.number = number
	switch field {
	case "pool":
		one.pool = value
	case "address":
		one.Address = value
	case "role":
		one.Role = value
	case "state":
		one.State, one.Up = value, value == stats.StateUp
	case "dirty_keys", "dirty_overflow":
		one.Missed = one.Missed || value != "0"
	case "not_filled":
		one.Missed = true
	case "standby":
		one.standby = true
	}
}

// groups returns them by pool. Of a primary that another member of a fleet decides for, this one knows nothing.
func (t told) groups() (groups []maintenance.Group) {
	for _, one := range t {
		if n := len(groups); n == 0 || groups[n-1].Pool != one.pool {
			groups = append(groups, maintenance.Group{Pool: one.pool})
		}
		if one.Role == stats.Forwarded && one.State != stats.StateDrained {
			one.State, one.Up = maintenance.StateUnknown, false
		}
		if one.Role == stats.Forwarded {
			one.Role = "primary"
		}
		g := &groups[len(groups)-1]
		g.Servers = append(g.Servers, one.Server)
		if one.standby {
			g.StandsBy()
		}
	}
	return groups
}
