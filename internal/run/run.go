package run

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"magent/internal/config"
	"magent/internal/control"
	"magent/internal/pool"
	"magent/internal/proxy"
	"magent/internal/redis"
	"magent/internal/service"
	"magent/internal/stats"
	"magent/internal/status"
)

// Options configures Run.
type Options struct {
	Config config.Config // its listeners must be resolved (Resolve)
	File   string        // the file of the pools; empty: there is one pool, from flags
	Watch  string        // the path of File, if it is reloaded when it changes; empty: only SIGUSR1 reloads it

	// Load reads the pools of File again, and resolves their listeners.
	Load     func() (pools []config.Pool, warnings []string, err error)
	Process  service.Options // Run sets the fields that follow from Config
	Upgrade  bool            // on SIGUSR2 a new process takes over
	Admin    Admin
	Remedies Remedies
}

// Run runs the process until it ends, and returns its exit code. An error means that the process could not start to
// serve.
func Run(o Options) (exit int, err error) {
	redis.Silence()
	return service.Run(o.process())
}

// process returns the options of the process around the engine.
func (o Options) process() service.Options {
	p := o.Process
	p.Threads, p.Clients, p.Servers = o.Config.Threads, o.Config.MaxClients, connections(o.Config)
	p.Spare = spare(o.Config)
	p.Sockets = append(sockets(o.Config.Pools), o.Admin.paths()...)
	var e *engine
	tasks := make(chan control.Task)
	p.Tasks = tasks
	p.Start = func(log zerolog.Logger, clients int, given service.Given) (service.Engine, error) {
		var err error
		if e, err = o.start(log, clients, given, tasks); err != nil {
			return nil, err
		}
		return e, nil
	}
	if o.Load != nil {
		p.Reload = func(log zerolog.Logger) error {
			err := e.reload(log, o)
			if err != nil {
				e.ReloadFailed()
			}
			return err
		}
		p.Watch = o.Watch
	}
	if files := o.hasFiles(); files || len(p.Sockets) > 0 {
		p.Renew = func(log zerolog.Logger) error { return e.renew(log, o, files) }
	}
	p.Started = func(log zerolog.Logger) string {
		e.tell(log, o)
		return "serves at " + strings.Join(e.Addrs(), " ")
	}
	p.Hung = func(ctx context.Context) []int { return e.Hung(ctx) }
	if o.Upgrade {
		p.Listeners, p.HandOver = func() []service.Socket { return e.listeners() },
			func() error { return e.handOver() }
	}
	return p
}

// hasFiles reports whether the process has files that it may read again.
func (o Options) hasFiles() bool {
	return o.Load != nil || o.Admin.Token != "" || slices.ContainsFunc(o.Config.Pools, hasFiles)
}

// hasFiles reports whether a pool has files of passwords or of certificates.
func hasFiles(p config.Pool) bool {
	return p.AuthFile != "" || p.ServerAuthFile != "" || p.TLSCert != "" || p.ServerTLS
}

// connections returns the number of connections to servers: one for each server and loop, and one for each Sentinel.
func connections(c config.Config) int {
	n := 0
	for _, pool := range c.Pools {
		n += (len(pool.Servers) + len(pool.Backups)) * c.Threads
		for _, a := range pool.Servers {
			if a.Network == "sentinel" {
				n += len(a.SentinelHosts())
			}
		}
	}
	return n
}

// replicasEach is how many replicas a master is expected to have, if they are read.
const replicasEach = 2

// spare returns the connections to Redis servers that are made when clients need them: for themselves, in RESP3, and
// in other databases. So are those to replicas that are read, beside the loops too.
func spare(c config.Config) (s service.Spare) {
	dedicated, databases, reads := 0, false, false
	for _, p := range c.Pools {
		if !p.Redis {
			continue
		}
		dedicated += p.Dedicated
		each := len(p.Servers) * c.Threads
		if p.ReadFrom.Elsewhere() {
			reads = true
			each *= 1 + replicasEach
			s.Most += len(p.Servers)*(1+replicasEach) + len(p.Servers)*replicasEach*c.Threads
		}
		s.Most += p.Dedicated + each
		if p.Databases {
			databases = true
			s.Most += each * pool.MaxVariants
		}
	}
	if s.Most > 0 {
		s.Keys = fmt.Sprintf("dedicated_connections %d", dedicated)
	}
	if databases {
		s.Keys += " and databases: true"
	}
	if reads {
		s.Keys += " and read_from"
	}
	return s
}

// engine is the proxy with its servers for monitoring.
type engine struct {
	*proxy.Service
	watch watch

	forget  func() // ends learning of other members; nil: there are none
	learned sync.WaitGroup
}

func (o Options) start(log zerolog.Logger, clients int, given service.Given, tasks chan<- control.Task,
) (*engine, error) {
	c := o.Config
	c.MaxClients = clients
	so := proxy.Options{
		Config: c, Log: log, Version: protocolVersion, Release: service.Release(), StoredEvery: storedEvery,
		TakeOver: given.TakeOver, Give: given.Give, Files: given.Files, Ending: given.Ending,
	}
	watchers, clientele := o.Admin.claim(given.Sockets)
	e := &engine{}
	served := func() *proxy.Service { return e.Service }
	m := &maintainer{proxy: served, log: log, fleet: c.Fleet, tasks: tasks, file: o.Load != nil, ending: given.Ending}
	so.Commanded, so.ReadAgain = m.commanded, m.readAgain
	var err error
	if e.watch, err = o.Admin.bind(watchers); err != nil { // before a process that is being replaced hands over
		return nil, err
	}
	for _, s := range clientele {
		so.Sockets = append(so.Sockets, proxy.Socket(s))
	}
	if e.Service, err = proxy.Start(so); err != nil {
		e.watch.close()
		return nil, o.Remedies.port(err)
	}
	shown := status.Engine{Program: o.Process.Program, Figures: e.identified, Events: e.Events, Hung: e.Hung}
	if err := o.Admin.open(&e.watch, shown, e.twemproxy, m.commands(), tasks, log); err != nil {
		e.Close()
		return nil, err
	}
	if m.fleet != nil {
		var ctx context.Context
		ctx, e.forget = context.WithCancel(context.Background())
		e.learned.Add(1)
		go m.learn(ctx, e.learned.Done)
	}
	return e, nil
}

// reload reads the file again and serves its pools.
func (e *engine) reload(log zerolog.Logger, o Options) error {
	if err := e.Follow(); err != nil { // whatever the file has by now
		return err
	}
	pools, warnings, err := o.Load()
	if err != nil {
		return err
	}
	useToken, err := e.watch.token.Read()
	if err != nil {
		return fmt.Errorf("--admin-token-file: %w", err)
	}
	bound, err := e.watch.relisten()
	if err != nil {
		return err
	}
	if err := e.Reload(pools); err != nil {
		return o.Remedies.port(err)
	}
	useToken()
	tellBound(log, bound)
	e.tellRead(log)
	for _, w := range warnings {
		log.Warn().Msg(w)
	}
	for i := range pools {
		describe(log.Info().Str("pool", pools[i].Name), &pools[i]).Msg("a pool of " + o.File)
	}
	return nil
}

// renew reads the files of passwords and of certificates again, and the token: all, or none if something is wrong. It
// binds anew the sockets whose files are gone. files: there may be some to read.
func (e *engine) renew(log zerolog.Logger, o Options, files bool) error {
	use, err := e.ReadFiles()
	useToken, wrong := e.watch.token.Read()
	if wrong != nil {
		wrong = fmt.Errorf("--admin-token-file: %w", wrong)
	}
	if err = errors.Join(err, wrong); err != nil {
		return err
	}
	bound, err := e.watch.relisten()
	if err != nil {
		return err
	}
	more, err := e.Relisten()
	if err != nil {
		return o.Remedies.port(err)
	}
	if bound += more; bound == 0 && !files {
		return service.ErrNoFile
	}
	tellBound(log, bound)
	use()
	useToken()
	e.tellRead(log)
	return nil
}

// tellBound logs that sockets have been bound anew, if that is so.
func tellBound(log zerolog.Logger, bound int) {
	if bound > 0 {
		log.Info().Msg("unix sockets bound anew: their files were gone")
	}
}

// tellRead logs which files have been read again, besides that of the pools.
func (e *engine) tellRead(log zerolog.Logger) {
	if e.HasLogins() {
		log.Info().Msg("passwords read again")
	}
	if e.HasTLS() {
		log.Info().Msg("certificates read again")
	}
}

// listeners returns the listening sockets for clients and for monitoring.
func (e *engine) listeners() []service.Socket {
	var out []service.Socket
	for _, s := range e.Sockets() {
		out = append(out, service.Socket(s))
	}
	return append(out, e.watch.given()...)
}

// handOver hands over everything to another process, including the addresses for monitoring.
func (e *engine) handOver() error {
	if err := e.HandOver(); err != nil {
		return err
	}
	e.watch.leave()
	e.watch = watch{}
	return nil
}

// Close closes the engine. The monitoring ends before the loops, because it asks them.
func (e *engine) Close() {
	if e.forget != nil {
		e.forget()
		e.learned.Wait()
	}
	e.watch.close()
	e.Service.Close()
}

// tell logs what is served where. The pools of a file have a line each.
func (e *engine) tell(log zerolog.Logger, o Options) {
	serves := log.Info().Str("version", service.Release()).Strs("listen", e.Addrs())
	if o.File == "" {
		describe(serves, &o.Config.Pools[0])
	} else {
		for i := range o.Config.Pools {
			p := &o.Config.Pools[i]
			describe(log.Info().Str("pool", p.Name).Strs("addresses", e.AddrsOf(i)), p).Msg("a pool of " + o.File)
		}
	}
	if len(e.watch.pages) > 0 {
		serves.Str(o.Admin.Name, strings.Join(e.watch.addrs(), ","))
	}
	serves.Int("threads", o.Config.Threads).Msg(o.Process.Program + " serves")
}

func describe(e *zerolog.Event, p *config.Pool) *zerolog.Event {
	return e.Strs("servers", texts(p.Servers)).Strs("backups", texts(p.Backups)).Str("distribution", p.Distribution)
}

func texts(addresses []config.Address) []string {
	out := make([]string, len(addresses))
	for i, a := range addresses {
		out[i] = a.String()
	}
	return out
}

// storedEvery is the interval at which servers are asked what they store. Dashboards read such figures every 10 to 60
// s.
const storedEvery = 10 * time.Second

// protocolVersion is the reply to the command version: the memcached whose protocol magent speaks. Clients choose
// their commands by it, and some accept nothing after the number. magent's own version is magent_version in stats.
const protocolVersion = "1.6.18"

// identified returns the engine's figures, with the name of the machine.
func (e *engine) identified(ctx context.Context) (stats.Process, stats.Snapshot, error) {
	p, s, err := e.Figures(ctx)
	p.Host, _ = os.Hostname()
	return p, s, err
}

// twemproxy returns the page of twemproxy's stats port, with the present figures.
func (e *engine) twemproxy(ctx context.Context) ([]byte, error) {
	p, s, err := e.identified(ctx)
	if err != nil {
		return nil, err
	}
	return stats.AppendNutcracker(nil, &p, &s), nil
}
