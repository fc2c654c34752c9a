package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// back measures how long clients get errors once a Redis server, which was away, answers again. Its proxies have a
// timeout of 400 ms, and eject no server.
type back struct {
	*cluster
	rounds  int
	clients int
	out     io.Writer
}

const (
	backWithin = 5 * time.Minute
	hangTime   = 3 * time.Second
	afterwards = 2 * time.Second // clients go on for so long when the server answers again
)

func backCommand(ctx context.Context, args []string, out io.Writer) error {
	var o runOptions
	b := back{cluster: &cluster{redis: redisCluster{timeout: 400}}, out: out}
	fs := flag.NewFlagSet("bench back", flag.ContinueOnError)
	fs.StringVar(&o.magent, "magent", "bin/magent", "the program that is measured beside nutcracker")
	fs.IntVar(&b.rounds, "rounds", 5, "rounds per proxy")
	fs.IntVar(&b.clients, "c", 10, "clients that ask all the time")
	if err := fs.Parse(args); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, backWithin)
	defer cancel()
	var err error
	if b.dir, err = os.MkdirTemp("", "magent-bench-"); err != nil {
		return err
	}
	defer b.stop()
	if b.addrs, err = freeAddrs(2 + 2*2); err != nil {
		return err
	}
	if o.rows, err = selectRows("redis-get"); err != nil {
		return err
	}
	if err = b.startRedis(ctx, o); err != nil {
		return err
	}
	return b.run(ctx)
}

func (b *back) run(ctx context.Context) error {
	fmt.Fprintf(b.out, "%d clients or none ask before it happens, and %[1]d behind it. %d rounds: median "+
		"(lowest..highest).\n\n| what happens | asked | errors | ms from the server's first answer to the last error "+
		"|\n|---|---|---|---|\n", b.clients, b.rounds)
	proxies := []subject{{name: "nutcracker", child: b.redis.nutcracker}, {name: "magent", child: b.redis.magent}}
	for _, what := range []struct {
		name   string
		before bool // clients ask before
		strike func(context.Context) error
	}{
		{"restarted while nobody asks", false, b.restart},
		{"restarted", true, b.restart},
		{"it closes all connections (CLIENT KILL)", true, b.killClients},
		{"stopped for 3 s", true, b.hang},
	} {
		for _, p := range proxies {
			var errs, late []float64
			for range b.rounds {
				n, last, err := b.round(ctx, p.addr, what.before, what.strike)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", what.name, p.name, err)
				}
				errs, late = append(errs, float64(n)), append(late, last)
			}
			e, l := spreadOf(errs), spreadOf(late)
			fmt.Fprintf(b.out, "| %s | %s | %.0f (%.0f..%.0f) | %.1f (%.1f..%.1f) |\n", what.name, p.name,
				e.median, e.low, e.high, l.median, l.low, l.high)
		}
	}
	return nil
}

// round returns how many errors there were, and for how many milliseconds behind the first answer of the server.
func (b *back) round(
	ctx context.Context, proxy string, before bool, strike func(context.Context) error,
) (errs int64, late float64, err error) {
	key, err := b.keyOfFirst(proxy)
	if err != nil {
		return 0, 0, err
	}
	var clients sync.WaitGroup
	var end atomic.Bool
	var count, last atomic.Int64
	start := func() {
		for range b.clients {
			clients.Go(func() { askForErrors(proxy, array("GET", key), &end, &count, &last) })
		}
	}
	if before {
		start()
		time.Sleep(100 * time.Millisecond)
	}
	err = strike(ctx)
	answered := time.Now()
	if !before {
		start()
	}
	time.Sleep(afterwards)
	end.Store(true)
	clients.Wait()
	return count.Load(), max(0, float64(last.Load()-answered.UnixNano())/1e6), err
}

// askForErrors sends a command again and again until end is set. It counts the replies that are errors, and the
// connections that are lost, and notes when the last of these was.
func askForErrors(addr, command string, end *atomic.Bool, count, last *atomic.Int64) {
	var conn net.Conn
	var in *bufio.Reader
	for !end.Load() {
		var err error
		if conn == nil {
			if conn, err = net.Dial("tcp", addr); err != nil {
				conn = nil
			} else {
				in = bufio.NewReader(conn)
			}
		}
		reply := ""
		if conn != nil {
			reply, err = roundTrip(conn, in, command)
		}
		if err != nil || strings.HasPrefix(reply, "-") {
			count.Add(1)
			last.Store(time.Now().UnixNano())
		}
		if err != nil && conn != nil {
			_ = conn.Close()
			conn = nil
		}
	}
	if conn != nil {
		_ = conn.Close()
	}
}

// roundTrip returns the first line of the reply to a command. Only a bulk string of that may follow.
func roundTrip(conn net.Conn, in *bufio.Reader, command string) (reply string, err error) {
	_ = conn.SetDeadline(time.Now().Add(2 * hangTime))
	if _, err = io.WriteString(conn, command); err != nil {
		return "", err
	}
	if reply, err = in.ReadString('\n'); err == nil && strings.HasPrefix(reply, "$") && reply != "$-1\r\n" {
		_, err = in.ReadString('\n')
	}
	return reply, err
}

// array returns a command as clients of Redis send it.
func array(words ...string) string {
	text := fmt.Sprintf("*%d\r\n", len(words))
	for _, w := range words {
		text += fmt.Sprintf("$%d\r\n%s\r\n", len(w), w)
	}
	return text
}

// once asks on a connection of its own.
func once(addr string, words ...string) (reply string, err error) {
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	return roundTrip(conn, bufio.NewReader(conn), array(words...))
}

// keyOfFirst stores keys until one is on the first server.
func (b *back) keyOfFirst(proxy string) (key string, err error) {
	for i := range 100 {
		key = fmt.Sprint("back", i)
		if _, err = once(proxy, "SET", key, "x"); err != nil {
			return "", err
		}
		if reply, err := once(b.redis.servers[0].addr, "EXISTS", key); err == nil && reply == ":1\r\n" {
			return key, nil
		}
	}
	return "", errors.New("no key is on the first server")
}

// restart kills the server and starts it again. It returns when that answers.
func (b *back) restart(ctx context.Context) error {
	s := b.redis.servers[0]
	_ = s.cmd.Process.Kill()
	<-s.exited
	started, err := startChild(ctx, b.dir, s.name, s.addr, s.cmd.Args[0], s.cmd.Args[1:]...)
	if err != nil {
		return err
	}
	*s = *started // it is among the children
	return nil
}

func (b *back) killClients(context.Context) error {
	_, err := once(b.redis.servers[0].addr, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
	return err
}

func (b *back) hang(context.Context) error {
	process := b.redis.servers[0].cmd.Process
	if err := process.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	time.Sleep(hangTime)
	return process.Signal(syscall.SIGCONT)
}
