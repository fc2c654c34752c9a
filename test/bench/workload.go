package main

import (
	"errors"
	"flag"
	"fmt"
	"strconv"
)

// maxWidth is the widest multi-get: the checker has a bit for each key that it has seen.
const maxWidth = 128

// workload tells what the clients ask for. It is never changed once the load runs.
type workload struct {
	conns int  // client connections
	depth int  // requests sent before their replies are awaited
	sets  int  // per cent of the requests that are sets, the others are gets
	size  int  // bytes in a value
	width int  // keys in a get, and in a set of Redis
	keys  int  // number of different keys
	zipf  bool // some keys are asked for much more than others
	redis bool // Redis's protocol, not memcached's

	hello   bool // RESP3, not RESP2
	blocked int  // so many further clients wait in BLPOP meanwhile
}

// bind adds w's fields as command-line flags, with their present values as defaults.
func (w *workload) bind(fs *flag.FlagSet) {
	fs.IntVar(&w.conns, "c", w.conns, "connections")
	fs.IntVar(&w.depth, "p", w.depth, "pipelining: requests in flight per connection")
	fs.IntVar(&w.sets, "sets", w.sets, "per cent of the requests that are sets")
	fs.IntVar(&w.size, "size", w.size, "bytes in a value")
	fs.IntVar(&w.width, "width", w.width, "keys in a get; with -redis also in a set")
	fs.BoolVar(&w.redis, "redis", w.redis, "speak Redis's protocol")
	fs.BoolVar(&w.zipf, "zipf", w.zipf, "pick keys by Zipf's law with the exponent 0.99")
	fs.IntVar(&w.keys, "keys", w.keys, "number of keys")
	fs.BoolVar(&w.hello, "hello", w.hello, "with -redis: speak RESP3")
	fs.IntVar(&w.blocked, "blocked", w.blocked, "with -redis: clients that wait in BLPOP meanwhile")
}

// args is the inverse of bind: it returns the flags that make another process run the same workload. hello and blocked
// are not among them, because the rows that need them name them (row.more).
func (w *workload) args() []string {
	return []string{
		"-c", strconv.Itoa(w.conns), "-p", strconv.Itoa(w.depth), "-sets", strconv.Itoa(w.sets),
		"-size", strconv.Itoa(w.size), "-width", strconv.Itoa(w.width), "-keys", strconv.Itoa(w.keys),
		"-redis=" + strconv.FormatBool(w.redis), "-zipf=" + strconv.FormatBool(w.zipf),
	}
}

func (w *workload) validate() error {
	for _, f := range []struct {
		flag             string
		value, low, high int
	}{
		{"-c", w.conns, 1, 20000},
		{"-p", w.depth, 1, 4096},
		{"-sets", w.sets, 0, 100},
		{"-size", w.size, 0, 16 << 20},
		{"-width", w.width, 1, maxWidth},
		{"-keys", w.keys, 1, maxKeys},
		{"-blocked", w.blocked, 0, 20000},
	} {
		if f.value < f.low || f.value > f.high {
			return fmt.Errorf("%s %d: must be from %d to %d", f.flag, f.value, f.low, f.high)
		}
	}
	if !w.redis && (w.hello || w.blocked > 0) {
		return errors.New("-hello and -blocked need -redis")
	}
	if w.width > w.keys {
		return fmt.Errorf("-width %d needs at least as many -keys, not %d", w.width, w.keys)
	}
	return nil
}

// stride is the distance between the keys of a multi-get. They are far apart, so that all servers take part, and all
// different.
func (w *workload) stride() int { return w.keys / w.width }
