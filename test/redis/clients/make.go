package main

import (
	"context"
	"errors"
	"time"

	redigo "github.com/gomodule/redigo/redis"
	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/rueidis"
)

// patience bounds what comes at once on an idle machine.
const patience = time.Minute

// goRedis is go-redis in its defaults, apart from timeouts: it repeats commands after one.
type goRedis struct{ *goredis.Client }

func newGoRedis(addr string) (client, error) {
	return goRedis{goredis.NewClient(&goredis.Options{
		Addr: addr, DialTimeout: patience, ReadTimeout: patience, WriteTimeout: patience, PoolTimeout: patience,
	})}, nil
}

func (c goRedis) do(ctx context.Context, args ...string) (any, error) {
	return orNil(c.Do(ctx, toAny(args)...).Result())
}

func (c goRedis) transact(ctx context.Context, cmds ...[]string) (any, error) {
	var all []any
	replies, err := c.TxPipelined(ctx, func(p goredis.Pipeliner) error {
		for _, args := range cmds {
			p.Do(ctx, toAny(args)...)
		}
		return nil
	})
	for _, r := range replies {
		all = append(all, r.(*goredis.Cmd).Val())
	}
	return all, err
}

// ofRueidis is rueidis without its cache, which needs CLIENT TRACKING.
type ofRueidis struct{ rueidis.Client }

func newRueidis(addr string) (client, error) {
	c, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{addr}, DisableCache: true, ConnWriteTimeout: patience,
	})
	return ofRueidis{c}, err
}

// newCached is newRueidis in its defaults.
func newCached(addr string) (client, error) {
	c, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{addr}})
	return ofRueidis{c}, err
}

func (c ofRueidis) do(ctx context.Context, args ...string) (any, error) {
	v, err := c.Do(ctx, c.B().Arbitrary(args...).Build()).ToAny()
	return orNil(v, err)
}

func (c ofRueidis) transact(ctx context.Context, cmds ...[]string) (any, error) {
	all := []rueidis.Completed{c.B().Multi().Build()}
	for _, args := range cmds {
		all = append(all, c.B().Arbitrary(args...).Build())
	}
	replies := c.DoMulti(ctx, append(all, c.B().Exec().Build())...)
	return replies[len(replies)-1].ToAny()
}

// ofRedigo is a pool of redigo, which knows RESP2 only.
type ofRedigo struct{ *redigo.Pool }

func newRedigo(addr string) (client, error) {
	return ofRedigo{&redigo.Pool{
		MaxIdle: 3, Dial: func() (redigo.Conn, error) { return redigo.Dial("tcp", addr) },
	}}, nil
}

func (c ofRedigo) do(ctx context.Context, args ...string) (any, error) {
	conn, err := c.GetContext(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	v, err := conn.Do(args[0], toAny(args[1:])...)
	return text(v), err
}

func (c ofRedigo) transact(ctx context.Context, cmds ...[]string) (any, error) {
	conn, err := c.GetContext(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	for _, args := range append([][]string{{"MULTI"}}, cmds...) {
		if err := conn.Send(args[0], toAny(args[1:])...); err != nil {
			return nil, err
		}
	}
	v, err := conn.Do("EXEC")
	return text(v), err
}

func toAny(args []string) (out []any) {
	for _, a := range args {
		out = append(out, a)
	}
	return out
}

// orNil makes a value of the error that stands for null.
func orNil(v any, err error) (any, error) {
	if errors.Is(err, goredis.Nil) || rueidis.IsRedisNil(err) {
		return nil, nil
	}
	return v, err
}

// text makes strings of bytes.
func text(v any) any {
	switch v := v.(type) {
	case []byte:
		return string(v)
	case []any:
		for i := range v {
			v[i] = text(v[i])
		}
	}
	return v
}
