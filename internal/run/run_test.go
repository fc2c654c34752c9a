package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"magent/internal/config"
	"magent/internal/service"
	"magent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// options returns the options of a proxy with a stats port, in front of servers that do not run.
func options(t *testing.T) Options {
	t.Helper()
	server, err := config.ParseAddress("127.0.0.1:1:1")
	if err != nil {
		t.Fatal(err)
	}
	pool := func(name string) config.Pool {
		return config.Pool{
			Name: name, Listen: []config.Listen{{Network: "tcp", Address: "127.0.0.1:0", Backlog: 5}},
			Servers: []config.Address{server}, Hash: "md5", Distribution: "ketama", Ack: config.AckAll,
			Timeout: time.Second, ConnectTimeout: time.Second, ServerFailureLimit: 2, ProbeInterval: time.Second,
		}
	}
	return Options{
		Config: config.Config{
			Pools: []config.Pool{pool("first"), pool("second")}, Threads: 2, MaxValue: 1000, MaxDirty: 10,
			DrainTime: time.Second,
		},
		Process: service.Options{Program: "nutcracker"},
		Admin: Admin{
			Addrs: []string{"127.0.0.1:0"}, Name: "stats", Flag: "stats port", Twemproxy: true,
			Remedy: "choose another with -s",
		},
		Remedies: Remedies{
			InUse: "choose another port", Foreign: "choose one of its own", Denied: "become root",
		},
	}
}

// TestSpare checks that connections which are made when clients need them count for the limit of open files.
func TestSpare(t *testing.T) {
	server := config.Address{}
	one := config.Pool{Redis: true, Dedicated: 5, Servers: []config.Address{server, server}}
	many := one
	many.Databases = true
	for _, c := range []struct {
		pools []config.Pool
		want  service.Spare
	}{
		{[]config.Pool{{Servers: one.Servers}}, service.Spare{}},
		{[]config.Pool{one, {Servers: one.Servers}}, service.Spare{Most: 5 + 6, Keys: "dedicated_connections 5"}},
		{
			[]config.Pool{one, many},
			service.Spare{Most: 10 + 12 + 64*6, Keys: "dedicated_connections 10 and databases: true"},
		},
	} {
		if got := spare(config.Config{Pools: c.pools, Threads: 3}); got != c.want {
			t.Errorf("%+v, want %+v", got, c.want)
		}
	}
}

func TestProcess(t *testing.T) {
	o := options(t)
	o.Config.Pools[1].Listen = append(o.Config.Pools[1].Listen, config.Listen{Network: "unix", Address: "/run/x"})
	p := o.process()
	if got := fmt.Sprintln(p.Threads, p.Clients, p.Servers, p.Sockets); got != "2 0 4 [/run/x]\n" {
		t.Errorf("threads, clients, connections to servers, sockets: %s", got)
	}
}

// The stats port has the present figures of all pools. It is closed with the engine.
func TestStatsPort(t *testing.T) {
	e, err := options(t).start(zerolog.Nop(), 10, service.Given{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	closed := false
	defer func() {
		if !closed {
			e.Close()
		}
	}()
	client, err := net.Dial("tcp", e.AddrsOf(1)[0])
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	fmt.Fprint(client, "mn\r\n")
	if _, err := io.ReadFull(client, make([]byte, 4)); err != nil {
		t.Fatal(err)
	}
	watcher, err := net.Dial("tcp", e.watch.pages[0].Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer watcher.Close()
	line, err := io.ReadAll(watcher)
	var got struct {
		Service, Source, Version string
		Curr                     int `json:"curr_connections"`
		First, Second            struct {
			Clients int `json:"client_connections"`
		}
	}
	if err == nil {
		err = json.Unmarshal(line, &got)
	}
	host, _ := os.Hostname()
	if err != nil || got.Service != "nutcracker" || got.Source != host || got.Version != service.Release() ||
		got.Curr != 3 ||
		got.First.Clients != 0 || got.Second.Clients != 1 {
		t.Errorf("%v: %s", err, line)
	}
	addr := e.watch.pages[0].Addr()
	e.Close()
	closed = true
	if c, err := net.Dial("tcp", addr); err == nil {
		c.Close()
		t.Error("the stats port still listens")
	}
}

func TestStatsPortInUse(t *testing.T) {
	taken := testkit.Listen(t)
	o := options(t)
	o.Admin.Addrs = []string{taken.Addr().String()}
	_, err := o.start(zerolog.Nop(), 10, service.Given{}, nil)
	want := "stats port: cannot listen on " + o.Admin.Addrs[0] +
		": bind: address already in use: choose another with -s"
	if err == nil || err.Error() != want {
		t.Errorf("\n got %v\nwant %s", err, want)
	}
}

func TestRemedies(t *testing.T) {
	r := options(t).Remedies
	for _, c := range []struct {
		err  error
		want string
	}{
		{
			os.NewSyscallError("bind", syscall.EADDRINUSE),
			": another program listens there: stop it, or choose another port",
		},
		{
			os.NewSyscallError("bind", syscall.EADDRNOTAVAIL),
			": this machine has no such address: choose one of its own",
		},
		{os.NewSyscallError("bind", syscall.EACCES), ": become root"},
		{&net.DNSError{Err: "no such host"}, ": check the name, or give an IP address"},
		{errors.New("else"), "else"},
	} {
		if got := r.port(c.err); !errors.Is(got, c.err) || !strings.HasSuffix(got.Error(), c.want) {
			t.Errorf("got %v, want %s", got, c.want)
		}
	}
}
