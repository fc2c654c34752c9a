// Command clients runs a session with a Go client of Redis: clients NAME HOST:PORT session|outage|messages. A session
// is a list of steps. An outage writes one key again and again, and prints "up" and "down" with the time in
// milliseconds when that changes. With messages it prints what is published. Both end with the input.
//
// It is a module of its own, so that magent does not depend on the clients.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// client is what all of them can do: send a command, and return the reply.
type client interface {
	do(ctx context.Context, args ...string) (any, error)
	// transact carries out commands in a transaction, and returns their replies.
	transact(ctx context.Context, cmds ...[]string) (any, error)
}

func main() {
	if len(os.Args) != 4 {
		fail("clients NAME HOST:PORT session|outage|messages")
	}
	name, addr, mode := os.Args[1], os.Args[2], os.Args[3]
	makers := map[string]func(string) (client, error){
		"goredis": newGoRedis, "rueidis": newRueidis, "rueidis-cached": newCached, "redigo": newRedigo,
	}
	if makers[name] == nil {
		fail("no client " + name)
	}
	c, err := makers[name](addr)
	if err != nil {
		fail(err.Error())
	}
	switch mode {
	case "outage":
		outage(c)
		return
	case "messages":
		messages(name, c)
		return
	}
	session(c, name != "redigo")
}

func fail(why string) {
	fmt.Println(why)
	os.Exit(1)
}

// step is a command, and how its reply looks in each version; the second one is empty if both are the same.
type step struct{ command, two, three string }

var steps = []step{
	{"PING", "PONG", ""},
	{"FLUSHALL", "OK", ""},
	{"SET k v", "OK", ""},
	{"GET k", "v", ""},
	{"GET none", "<nil>", ""},
	{"MSET a 1 b 2 c 3 d 4", "OK", ""},
	{"MGET d none a", "[4 <nil> 1]", ""},
	{"DEL a b none", "2", ""},
	{"EXISTS c d none", "2", ""},
	{"DBSIZE", "3", ""},
	{"HSET h f 1", "1", ""},
	{"HGETALL h", "[f 1]", "map[f:1]"},
	{"HGETALL none", "[]", "map[]"},
	{"ZADD z 1.5 a 2 b", "2", ""},
	{"ZSCORE z a", "1.5", ""},
	{"ZSCORE z none", "<nil>", ""},
	{"ZRANGE z 0 -1 WITHSCORES", "[a 1.5 b 2]", "[[a 1.5] [b 2]]"},
	{"SADD s x", "1", ""},
	{"SMEMBERS s", "[x]", ""},
	{"LPUSH l a b", "2", ""},
	{"LRANGE l 0 -1", "[b a]", ""},
	{"INCR n", "1", ""},
	{"EXPIRE n 1000", "1", ""},
	{"LPUSH z x", "WRONGTYPE Operation against a key holding the wrong kind of value", ""},
	{"KEYS h*", "[h]", ""},
	{"XADD x 1-1 f v", "1-1", ""},
	{"XREAD STREAMS x 0", "[[x [[1-1 [f v]]]]]", "map[x:[[1-1 [f v]]]]"},
	{"EVAL return{KEYS[1],ARGV[1]} 1 q r", "[q r]", ""},
	{"TYPE h", "hash", ""},
	{"RANDOMKEY", "?", ""},
	{"INFO", "?", ""},
	{"CLIENT ID", "?", ""},
	{"APPEND k w", "2", ""},
}

func session(c client, three bool) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	n := 0
	check := func(what, want string, got any, err error) {
		n++
		text := fmt.Sprint(got)
		if err != nil {
			text = err.Error()
		}
		if want != "?" && text != want {
			fail(fmt.Sprintf("step %d, %s: %s, want %s", n, what, text, want))
		}
	}
	for _, s := range steps {
		want := s.two
		if three && s.three != "" {
			want = s.three
		}
		got, err := c.do(ctx, strings.Fields(s.command)...)
		check(s.command, want, got, err)
	}
	hash := "[]"
	if three {
		hash = "map[]"
	}
	got, err := c.transact(ctx, []string{"SET", "{t}a", "1"}, []string{"INCR", "{t}a"}, []string{"HGETALL", "{t}h"})
	check("a transaction", "[OK 2 "+hash+"]", got, err)
	fmt.Println(n, "steps")
}

func outage(c client) {
	var ended atomic.Bool
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		ended.Store(true)
	}()
	was := ""
	for !ended.Load() {
		is := "up"
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		if _, err := c.do(ctx, "SET", "k", "v"); err != nil {
			is = "down"
		}
		cancel()
		if is != was {
			fmt.Println(is, time.Now().UnixMilli())
		}
		was = is
		time.Sleep(time.Millisecond)
	}
}
