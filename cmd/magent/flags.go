package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"magent/internal/config"
)

// The long names of the flags. A short name behind one in newFlags is its alias.
const (
	flagConfig       = "config"
	flagWatch        = "watch-config"
	flagTest         = "test-config"
	flagServer       = "server"
	flagBackup       = "backup"
	flagListen       = "listen"
	flagPort         = "port"
	flagSocket       = "unix-socket"
	flagSocketMode   = "unix-mode"
	flagMaxClients   = "max-clients"
	flagKetama       = "ketama"
	flagDistribution = "distribution"
	flagHash         = "hash"
	flagHashTag      = "hash-tag"
	flagAck          = "ack"
	flagMaxValue     = "max-value"
	flagRequest      = "request-timeout"
	flagIdleTimeout  = "idle-timeout"
	flagTimeout      = "timeout"
	flagConnect      = "connect-timeout"
	flagResolve      = "resolve-interval"
	flagFailures     = "server-failure-limit"
	flagEject        = "auto-eject-hosts"
	flagRetry        = "server-retry-timeout"
	flagDirty        = "dirty-keys"
	flagRefill       = "refill-rate"
	flagState        = "state-dir"
	flagVIP          = "vip"
	flagProbe        = "probe-interval"
	flagThreads      = "threads"
	flagAdmin        = "admin"
	flagProfiles     = "admin-pprof"
	flagIdle         = "idle-connections"
	flagUser         = "user"
	flagGroup        = "group"
	flagDaemonize    = "daemonize"
	flagForeground   = "foreground"
	flagPidFile      = "pid-file"
	flagDrain        = "drain-timeout"
	flagLogFormat    = "log-format"
	flagLogFile      = "log-file"
	flagVerbose      = "verbose"
	flagSlow         = "slow"
	flagSlowKeys     = "slow-keys"
	flagHelp         = "help"
	flagVersion      = "version"
	flagRate         = "rate"
	flagRepair       = "repair"
	flagFill         = "fill"
	flagForce        = "force"
	flagPool         = "pool"
	flagShow         = "show"
	flagWithin       = "within"
	flagRedis        = "redis"
	flagPeer         = "peer"
	flagReadyz       = "readyz"
)

// The topics of the help text, in its order.
const (
	topicServers  = "Servers"
	topicClients  = "Clients"
	topicPlace    = "Placement of keys"
	topicFailures = "Failures"
	topicProcess  = "Process"
	topicLog      = "Log and information"
	topicVerify   = "Comparison"
	topicHealth   = "Check"
)

func topics() []string {
	return []string{topicServers, topicClients, topicPlace, topicFailures, topicProcess, topicLog}
}

// newFlags is the table of all flags: name, short names, topic, default and help. All values are text for cli; settings.go
// reads them, so that each mistake is told in our words.
func newFlags() []cli.Flag {
	return []cli.Flag{
		text(topicServers, flagConfig, "c", "", "`FILE` of pools, in the format of twemproxy's nutcracker.yml; in place of the flags for servers, clients and placement"),
		toggle(topicServers, flagWatch, "", "read the file of -c again when it changes, not only on SIGUSR1"),
		toggle(topicServers, flagTest, "t", "check the file of -c and exit"),
		list(topicServers, flagServer, "s", "`ADDRESS` of a primary memcached: HOST, HOST:PORT, HOST:PORT:WEIGHT, [IPv6]:PORT or /PATH; repeat it or separate with commas (required, unless there is -c)"),
		list(topicServers, flagBackup, "b", "`ADDRESS` of a backup memcached, as with -s; every key has its second copy on one of them"),

		list(topicClients, flagListen, "l", "`ADDRESS` to listen on: IP or host name, with a port of its own or that of -p; repeat it or separate with commas (default: 127.0.0.1)"),
		text(topicClients, flagPort, "p", "11211", "TCP `PORT` to listen on; 0 for no TCP, then -f is needed"),
		text(topicClients, flagSocket, "f", "", "`PATH` of a unix socket to listen on as well"),
		text(topicClients, flagSocketMode, "unix-mask", "0700", "permission `MODE` of that socket, octal (also --unix-mask)"),
		text(topicClients, flagMaxClients, "n", "4096", "`NUMBER` of clients at a time; one more gets an error line"),
		text(topicClients, flagMaxValue, "", "1m", "largest value, a `SIZE` such as 512k or 8m; memcached's -I has to match"),
		text(topicClients, flagRequest, "", "30s", "`TIME` without a byte after which a client that has sent half a request is cut off; 0s: never"),
		text(topicClients, flagIdleTimeout, "", "0s", "`TIME` without a request after which a client is closed; 0s: never"),

		toggle(topicPlace, flagKetama, "k", "place keys on magent 0.5's ketama ring (the same as --distribution magent-ketama)"),
		text(topicPlace, flagDistribution, "", "ketama", "`NAME` of the rule that picks a server: ketama (as libmemcached and twemproxy), magent (as magent 0.5 without -k), magent-ketama (as 0.5 with -k), modula, random (without -b)"),
		text(topicPlace, flagHash, "", "", "`NAME` of the hash of keys (default: md5; with --distribution magent djb2)"),

		text(topicPlace, flagHashTag, "", "", "two `BYTES` such as {}: of a key that has both, only what stands between them is hashed"),

		text(topicFailures, flagTimeout, "", "200ms", "`TIME` for a server's reply, from its last progress on"),
		text(topicFailures, flagConnect, "", "500ms", "`TIME` for a connection to a server"),
		text(topicFailures, flagResolve, "", "30s", "`TIME` between two look-ups of a server's name, which may get another address; 0s: look names up before each connection only"),
		text(topicFailures, flagFailures, "", "2", "`NUMBER` of replies in a row that a server may fail to give before it is taken out of use"),
		toggle(topicFailures, flagEject, "", "without -b: the keys of a server that is out of use move to the others"),
		text(topicFailures, flagRetry, "", "30s", "`TIME` that such a server stays out at least"),
		text(topicFailures, flagDirty, "", "1000000", "`NUMBER` of keys to remember for a server that misses writes; beyond it the server is flushed when it is back"),
		text(topicFailures, flagState, "", "", "`DIR` of its own for the record of what servers have missed, which outlives a crash of magent (default: none)"),
		text(topicFailures, flagVIP, "", "", "virtual `ADDRESS` shared by several magents: only the instance that holds it repairs servers (default: this magent is alone)"),
		text(topicFailures, flagRefill, "", "20000", "`NUMBER` of keys a second with which a server that came back empty is filled; 0: no limit"),
		text(topicFailures, flagProbe, "", "500ms", "`TIME` between two probes of a server that is out of use"),
		text(topicFailures, flagAck, "", "all", "a write is answered when `COPIES` have it: all, or primary"),

		text(topicProcess, flagThreads, "", "1", "`NUMBER` of event loops"),
		toggle(topicProcess, flagDaemonize, "d", "go to the background once the ports listen"),
		toggle(topicProcess, flagForeground, "D", "stay in the foreground, which is the default (for command lines of magent 0.5)"),
		text(topicProcess, flagUser, "u", "", "`USER` to become after the ports are bound, name or number"),
		text(topicProcess, flagGroup, "g", "", "`GROUP` to become then, name or number (default: the groups of the user)"),
		text(topicProcess, flagPidFile, "", "", "`FILE` to write the process number to"),
		text(topicProcess, flagDrain, "", "5s", "`TIME` that SIGTERM leaves to requests in flight"),
		list(topicProcess, flagAdmin, "", "`ADDRESS` of the status page, metrics and health checks, by HTTP: HOST:PORT, a port on the loopback, or the /PATH of a unix socket; repeat it or separate with commas (default: none)"),
		toggle(topicProcess, flagProfiles, "", "serve profiles at /debug/pprof there, too"),
		text(topicProcess, flagIdle, "i", "1", "`NUMBER` of connections to a server; accepted, without effect: each loop has one to every server"),

		text(topicLog, flagLogFormat, "", "", "`FORMAT` of the log: console or json (default: console on a terminal, else json)"),
		text(topicLog, flagLogFile, "", "", "`FILE` to append the log to, reopened on SIGHUP (default: stderr, in the background nothing)"),
		toggle(topicLog, flagVerbose, "v", "log more"),
		text(topicLog, flagSlow, "", "0s", "log requests that take `TIME` or longer, at most 10 a second in each loop, with a hash of their key; 0s: none"),
		toggle(topicLog, flagSlowKeys, "", "log them with the key itself"),
		toggle(topicLog, flagVersion, "V", "print the version and exit"),
		toggle(topicLog, flagHelp, "h", "print this text and exit"),
	}
}

// newVerifyFlags is the table of the flags of magent verify: those that say where keys lie and how long to wait for a server,
// as they are, and its own. The time for a reply is longer: no client waits for it.
func newVerifyFlags() []cli.Flag {
	shared := []string{flagServer, flagBackup, flagKetama, flagDistribution, flagHash, flagHashTag, flagTimeout, flagConnect, flagConfig, flagHelp}
	flags := slices.DeleteFunc(newFlags(), func(f cli.Flag) bool { return !slices.Contains(shared, longName(f)) })
	for _, f := range flags {
		if t, ok := f.(*cli.StringFlag); ok && t.Name == flagTimeout {
			t.Value = "500ms"
		}
	}
	return append(flags, ownVerifyFlags()...)
}

func ownVerifyFlags() []cli.Flag {
	return []cli.Flag{
		text(topicVerify, flagRate, "", "20000", "`NUMBER` of keys to ask for in a second, at most"),
		toggle(topicVerify, flagRepair, "", "repair what differs: the backup gets what the primary has, and loses the rest; refused if the counts look wrong"),
		toggle(topicVerify, flagFill, "", "with --repair: what only the backup has is copied to the primary instead (for a primary that was restarted while no magent ran)"),
		toggle(topicVerify, flagForce, "", "with --repair: repair even if the counts look wrong"),
		text(topicVerify, flagPool, "", "", "with -c: `NAME` of the pool to compare, where the file has several with backups"),
		text(topicVerify, flagShow, "", "1000", "`NUMBER` of differing keys to print, at most; all are counted"),
	}
}

func text(topic, name, alias, value, usage string) cli.Flag {
	return &cli.StringFlag{Category: topic, Name: name, Aliases: aliases(alias), Value: value, Usage: usage, EnvVars: variables(name)}
}

func list(topic, name, alias, usage string) cli.Flag {
	return &cli.StringSliceFlag{Category: topic, Name: name, Aliases: aliases(alias), Usage: usage, EnvVars: variables(name)}
}

func toggle(topic, name, alias, usage string) cli.Flag {
	return &cli.BoolFlag{Category: topic, Name: name, Aliases: aliases(alias), Usage: usage, EnvVars: variables(name)}
}

func aliases(alias string) []string {
	if alias == "" {
		return nil
	}
	return []string{alias}
}

// variables names the environment variable of a flag. Help and version have none: images often carry a MAGENT_VERSION
// that means something else. Nor have the flags of verify or health alone: what one run does is not for the environment of all.
func variables(name string) []string {
	switch name {
	case flagHelp, flagVersion, flagTest, flagRate, flagRepair, flagFill, flagForce, flagPool, flagShow, flagWithin, flagRedis, flagPeer, flagReadyz:
		return nil
	}
	return []string{variable(name)}
}

func variable(name string) string {
	return "MAGENT_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// argSpecs tells the argument reader which flags there are and which take a value.
func argSpecs(flags []cli.Flag) []config.ArgSpec {
	var specs []config.ArgSpec
	for _, f := range flags {
		spec := config.ArgSpec{Names: f.Names()}
		if doc := f.(cli.DocGenerationFlag); doc.TakesValue() {
			spec.Value, _ = placeholder(doc.GetUsage())
		}
		specs = append(specs, spec)
	}
	return specs
}

// placeholder takes the value's name, marked with back quotes, out of a usage text.
func placeholder(usage string) (name, plain string) {
	before, rest, _ := strings.Cut(usage, "`")
	name, after, _ := strings.Cut(rest, "`")
	return name, before + name + after
}
