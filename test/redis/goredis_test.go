package redis

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// goRedis returns a go-redis client with its defaults, which begin with HELLO 3 and CLIENT SETINFO. Only its timeouts
// are longer, as it repeats commands after one.
func goRedis(t *testing.T, addr string) *redis.Client {
	t.Helper()
	c := redis.NewClient(&redis.Options{
		Addr: addr, DialTimeout: patience, ReadTimeout: patience, WriteTimeout: patience, PoolTimeout: patience,
	})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// check fails if there was an error or if two values differ.
func check[T comparable](t *testing.T, what string, got T, err error, want T) {
	t.Helper()
	if err != nil || got != want {
		t.Errorf("%s: %v, %v; want %v", what, got, err, want)
	}
}

// TestGoRedis does what an application does with go-redis.
func TestGoRedis(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := goRedis(t, startPool(t, startServers(t, 3), calm).Addr)
	_, err := c.Get(ctx, "none").Result()
	if !errors.Is(err, redis.Nil) {
		t.Errorf("a miss: %v", err)
	}
	set, err := c.Set(ctx, "k", "v\x00\r\n", 0).Result()
	check(t, "set", set, err, "OK")
	get, err := c.Get(ctx, "k").Result()
	check(t, "get", get, err, "v\x00\r\n")
	mset, err := c.MSet(ctx, "a", 1, "b", 2, "c", 3, "d", 4).Result()
	check(t, "mset", mset, err, "OK")
	mget, err := c.MGet(ctx, "d", "none", "a", "b", "c").Result()
	check(t, "mget", fmt.Sprint(mget), err, "[4 <nil> 1 2 3]")
	del, err := c.Del(ctx, "a", "b", "none").Result()
	check(t, "del", del, err, 2)
	size, err := c.DBSize(ctx).Result()
	check(t, "dbsize", size, err, 3)
	fields, err := c.HSet(ctx, "h", map[string]any{"f": 1, "g": 2}).Result()
	check(t, "hset", fields, err, 2)
	hash, err := c.HGetAll(ctx, "h").Result()
	check(t, "hgetall", fmt.Sprint(hash), err, "map[f:1 g:2]")
	scores, err := c.ZRangeWithScores(ctx, "z", 0, -1).Result()
	check(t, "zrange", len(scores), err, 0)
	_, err = c.HGet(ctx, "k", "f").Result()
	if err == nil || !strings.HasPrefix(err.Error(), "WRONGTYPE") {
		t.Errorf("hget of a string: %v", err)
	}
	info, err := c.ClientInfo(ctx).Result()
	if err != nil || info.ID == 0 {
		t.Errorf("client info: %+v, %v", info, err)
	}
	commands, err := c.Command(ctx).Result()
	if err != nil || len(commands) < 200 || commands["get"].FirstKeyPos != 1 || !commands["get"].ReadOnly {
		t.Errorf("command: %d commands, %v", len(commands), err)
	}
}

// TestGoRedisPipelines sends a thousand commands in one pipeline, and transactions.
func TestGoRedisPipelines(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := goRedis(t, startPool(t, startServers(t, 3), calm).Addr)
	const n = 1000
	var incremented []*redis.IntCmd
	if _, err := c.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i := range n {
			incremented = append(incremented, p.IncrBy(ctx, fmt.Sprint("k", i%100), int64(i)))
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	sums := map[int]int64{}
	for i, cmd := range incremented {
		sums[i%100] += int64(i)
		check(t, cmd.String(), cmd.Val(), cmd.Err(), sums[i%100])
	}

	var one, two *redis.IntCmd
	_, err := c.TxPipelined(ctx, func(p redis.Pipeliner) error {
		one, two = p.Incr(ctx, "{t}a"), p.IncrBy(ctx, "{t}b", 5)
		return nil
	})
	check(t, "tx", one.Val()+10*two.Val(), err, 51)
	_, err = c.TxPipelined(ctx, func(p redis.Pipeliner) error {
		for i := range 20 {
			p.Incr(ctx, fmt.Sprint("other", i))
		}
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "hash to the same server") {
		t.Errorf("a transaction about three servers: %v", err)
	}
	if err := c.Watch(ctx, func(*redis.Tx) error { return nil }, "k"); err != nil {
		t.Errorf("watch: %v", err)
	}
	var keys []string
	for i := range 20 {
		keys = append(keys, fmt.Sprint("other", i))
	}
	if err := c.Watch(ctx, func(*redis.Tx) error { return nil }, keys...); err == nil ||
		!strings.Contains(err.Error(), "hash to the same server") {
		t.Errorf("watched keys of three servers: %v", err)
	}
}

// TestGoRedisScripts checks that Run loads a script where it is missing, and that SCRIPT LOAD loads it everywhere.
func TestGoRedisScripts(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := goRedis(t, startPool(t, startServers(t, 3), calm).Addr)
	script := redis.NewScript("return redis.call('INCRBY', KEYS[1], ARGV[1])")
	for i := range 30 {
		n, err := script.Run(ctx, c, []string{fmt.Sprint("counter", i)}, i).Int()
		check(t, "script", n, err, i)
	}
	other := redis.NewScript("return KEYS[1]")
	if err := other.Load(ctx, c).Err(); err != nil {
		t.Fatal(err)
	}
	exists, err := other.Exists(ctx, c).Result()
	check(t, "exists", fmt.Sprint(exists), err, "[true]")
	for i := range 30 {
		key := fmt.Sprint("key", i)
		got, err := other.EvalSha(ctx, c, []string{key}).Text()
		check(t, "evalsha", got, err, key)
	}
}

// TestGoRedisScan checks that an iterator finds every key once.
func TestGoRedisScan(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := goRedis(t, startPool(t, startServers(t, 3), calm).Addr)
	want := fill(t, ctx, c, 500)
	var got []string
	for all := c.Scan(ctx, 0, "key*", 7).Iterator(); ; {
		if !all.Next(ctx) {
			if err := all.Err(); err != nil {
				t.Fatal(err)
			}
			break
		}
		got = append(got, all.Val())
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("%d keys of %d", len(got), len(want))
	}
}

// fill stores n keys, and returns them in order.
func fill(t *testing.T, ctx context.Context, c *redis.Client, n int) (keys []string) {
	t.Helper()
	if _, err := c.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i := range n {
			keys = append(keys, fmt.Sprintf("key%05d", i))
			p.Set(ctx, keys[i], i, 0)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return keys
}
