package soak

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/time/rate"

	"magent/test/harness"
)

// load is the clients of a magent, and what they have seen.
type load struct {
	waits
	addr, redis string // the memcached pool, the Redis pool
	most        *rate.Limiter
	seed        uint64
	all         sync.WaitGroup
}

const (
	keys     = 2000 // of each pool
	pipeline = 5    // requests that a client sends at once
)

// begin starts the clients. They end with the context.
func (l *load) begin(ctx context.Context) {
	for id := range 8 {
		l.all.Go(func() { l.stay(ctx, rand.New(rand.NewPCG(l.seed, uint64(id)))) })
	}
	for id := range 2 {
		l.all.Go(func() { l.visit(ctx, rand.New(rand.NewPCG(l.seed, uint64(id+100)))) })
	}
	l.all.Go(func() { l.structures(ctx, rand.New(rand.NewPCG(l.seed, 200))) })
	l.all.Go(func() { l.queue(ctx) })
}

// stay is a client that keeps its connection.
func (l *load) stay(ctx context.Context, r *rand.Rand) {
	var c *harness.Client
	for l.most.WaitN(ctx, pipeline) == nil {
		if c == nil {
			if c = l.open(); c == nil {
				continue
			}
		}
		if err := l.talk(c, r); err != nil {
			c.Close()
			c = nil
			l.add(0, pipeline, pipeline)
		}
	}
	if c != nil {
		c.Close()
	}
}

// visit is a client that makes a connection for each pipeline. Every other time it leaves without reading.
func (l *load) visit(ctx context.Context, r *rand.Rand) {
	pause := rate.NewLimiter(10, 1)
	for pause.Wait(ctx) == nil {
		c := l.open()
		if c == nil {
			continue
		}
		if r.IntN(2) == 0 {
			k := key(r.IntN(keys))
			_ = c.TrySend("get " + k + "\r\nstats\r\nmg " + k + " v\r\nset half 0 0 10\r\nx")
		} else if l.talk(c, r) != nil {
			l.add(0, pipeline, pipeline)
		}
		c.Close()
	}
}

// open connects; nil: it could not, which is an error like others.
func (l *load) open() *harness.Client {
	c, err := harness.Open(l.addr)
	if err != nil {
		l.add(0, 1, 1)
		return nil
	}
	return c
}

func key(n int) string { return fmt.Sprintf("key:%d", n) }

// talk sends a pipeline and judges the replies.
func (l *load) talk(c *harness.Client, r *rand.Rand) error {
	var line strings.Builder
	for range pipeline {
		line.WriteString(request(r))
	}
	begin, failed := time.Now(), 0
	if err := c.TrySend(line.String()); err != nil {
		return err
	}
	for range pipeline {
		reply, err := c.TryReply()
		if err != nil {
			return err
		}
		if harness.IsError(reply) {
			failed++
		}
		if why := strange(reply); why != "" {
			l.accuse("%s: %.200q", why, reply)
		}
	}
	l.add(time.Since(begin), pipeline, failed)
	return nil
}

// request makes one of memcached's, classic or meta. A value begins with its key.
func request(r *rand.Rand) string {
	n := r.IntN(keys)
	k := key(n)
	value := k + " " + strings.Repeat("v", size(r))
	switch r.IntN(20) {
	case 0:
		return "delete " + k + "\r\n"
	case 1:
		return "touch " + k + " 1000\r\n"
	case 2:
		return fmt.Sprintf("incr counter:%d 1\r\n", n)
	case 3:
		return fmt.Sprintf("add counter:%d 0 100 1\r\n1\r\n", n)
	case 4:
		return fmt.Sprintf("ms %s %d T1000\r\n%s\r\n", k, len(value), value)
	case 5:
		return "mg " + k + " k v t\r\n"
	case 6:
		return "gets " + k + "\r\n"
	case 7, 8, 9, 10:
		return harness.Set(k, value)
	case 11, 12:
		return "get " + k + " " + key((n+1)%keys) + " " + key((n+7)%keys) + "\r\n"
	}
	return "get " + k + "\r\n"
}

// size draws the length of a value: most are short, one in 200 is long.
func size(r *rand.Rand) int {
	if r.IntN(200) == 0 {
		return r.IntN(200_000)
	}
	return r.IntN(1000)
}

// strange says what is wrong with a reply: a value that is not that of its key.
func strange(reply string) string {
	for reply != "" {
		line, rest, _ := strings.Cut(reply, "\r\n")
		words := strings.Fields(line)
		if len(words) < 4 || words[0] != "VALUE" {
			return ""
		}
		value, next, _ := strings.Cut(rest, "\r\n")
		if !strings.HasPrefix(value, words[1]+" ") {
			return "a value of another key"
		}
		reply = next
	}
	return ""
}

// structures is a program that uses the Redis pool by a client library with several connections.
func (l *load) structures(ctx context.Context, r *rand.Rand) {
	c := redis.NewClient(&redis.Options{Addr: l.redis, MaxRetries: -1, DisableIdentity: true})
	defer c.Close()
	for l.most.WaitN(ctx, pipeline) == nil {
		begin := time.Now()
		commands, _ := c.Pipelined(ctx, func(p redis.Pipeliner) error { // each command has its error
			k := key(r.IntN(keys))
			p.Set(ctx, k, k+" "+strings.Repeat("v", size(r)), time.Hour)
			p.Get(ctx, k)
			p.HIncrBy(ctx, "hash:"+k, "field", 1)
			p.MGet(ctx, k, key(r.IntN(keys)))
			p.LPush(ctx, "queue", k)
			return nil
		})
		failed := 0
		for _, command := range commands {
			if err := command.Err(); err != nil && !errors.Is(err, redis.Nil) {
				failed++
			}
		}
		l.add(time.Since(begin), len(commands), failed)
	}
}

// queue waits for elements of a list, on a connection to a server that it has for itself.
func (l *load) queue(ctx context.Context) {
	c := redis.NewClient(&redis.Options{Addr: l.redis, MaxRetries: -1, DisableIdentity: true})
	defer c.Close()
	pause := rate.NewLimiter(200, 1)
	for pause.Wait(ctx) == nil {
		_ = c.BRPop(ctx, time.Second, "queue").Err() // the server may be away
	}
}
