package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"magent/cmd/magent/usage"
	"magent/internal/config"
)

// The long names of the flags. Their short names are in newFlags, as aliases.
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
	flagHotCache     = "hot-cache"
	flagHotRefresh   = "hot-refresh"
	flagServerAuth   = "server-auth-file"
	flagServerTLS    = "server-tls"
	flagServerCA     = "server-tls-ca"
	flagServerCert   = "server-tls-cert"
	flagServerKey    = "server-tls-key"
	flagServerName   = "server-tls-name"
	flagAuth         = "auth-file"
	flagTLSCert      = "tls-cert"
	flagTLSKey       = "tls-key"
	flagTLSClientCA  = "tls-client-ca"
	flagTLSListen    = "tls-listen"
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
	flagAdminSocket  = "admin-socket"
	flagAdminToken   = "admin-token-file"
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
	flagProxy        = "proxy"
	flagReadyz       = "readyz"
	flagJSON         = "json"
	flagReason       = "reason"
	flagFleet        = "fleet"
	flagMember       = "member"
	flagSecret       = "fleet-secret-file"
	flagAlone        = "fleet-alone"
	flagLease        = "fleet-lease"
)

// The topics of the help text, in its order.
const (
	topicServers  = "Servers"
	topicClients  = "Clients"
	topicPlace    = "Placement of keys"
	topicFailures = "Failures"
	topicFleet    = "Fleet"
	topicProcess  = "Process"
	topicLog      = "Log and information"
	topicVerify   = "Comparison"
	topicHealth   = "Check"
	topicControl  = "What to do"
)

func topics() []string {
	return []string{topicServers, topicClients, topicPlace, topicFailures, topicFleet, topicProcess, topicLog}
}

// newFlags returns all flags: name, short names, topic, default and help. For cli all values are text. settings.go
// parses them, so that error messages are ours.
func newFlags() []cli.Flag {
	return slices.Concat(flagsOfPools(), flagsOfFleet(), flagsOfProcess())
}

func flagsOfPools() []cli.Flag {
	return []cli.Flag{
		text(topicServers, flagConfig, "c", "",
			"`FILE` of pools, in the format of twemproxy's nutcracker.yml; in place of the flags for servers, "+
				"clients and placement"),
		toggle(topicServers, flagWatch, "", "read the file of -c again when it changes, not only on SIGUSR1"),
		toggle(topicServers, flagTest, "t", "check the file of -c and exit"),
		list(topicServers, flagServer, "s",
			"`ADDRESS` of a primary memcached: HOST, HOST:PORT, HOST:PORT:WEIGHT, [IPv6]:PORT, /PATH, or "+
				"PORT on this machine; repeat it or separate with commas (required without -c)"),
		list(topicServers, flagBackup, "b",
			"`ADDRESS` of a backup memcached, as with -s; every key has its second copy on one of them"),
		text(topicServers, flagServerAuth, "", "",
			"`FILE` with the line user:password that memcacheds want (their -Y); read again on SIGHUP and SIGUSR1"),
		toggle(topicServers, flagServerTLS, "",
			"speak TLS to servers, whose certificates have to be for the hosts of -s and -b"),
		text(topicServers, flagServerCA, "", "",
			"`FILE` with certificates in PEM of the authorities that issue them; read again on SIGHUP and SIGUSR1 "+
				"(default: those of the system)"),
		text(topicServers, flagServerCert, "", "",
			"`FILE` with the certificate in PEM that servers are shown; read again likewise (default: none)"),
		text(topicServers, flagServerKey, "", "", "`FILE` with the key of that certificate"),
		text(topicServers, flagServerName, "", "",
			"`NAME` that the certificates of all servers have to be for, in place of their hosts"),

		list(topicClients, flagListen, "l",
			"`ADDRESS` to listen on: IP or host name, with a port of its own or that of -p, or PORT on loopback; "+
				"repeat it or separate with commas (default: 127.0.0.1)"),
		text(topicClients, flagPort, "p", "11211", "TCP `PORT` to listen on; 0 for no TCP, then -f is needed"),
		text(topicClients, flagSocket, "f", "", "`PATH` of a unix socket to listen on as well"),
		text(topicClients, flagSocketMode, "unix-mask", "0700",
			"permission `MODE` of that socket, octal (also --unix-mask)"),
		text(topicClients, flagMaxClients, "n", "4096",
			"maximum `NUMBER` of clients at a time; further ones get an error line"),
		text(topicClients, flagMaxValue, "", "1m",
			"maximum `SIZE` of a value, such as 512k or 8m; memcached's -I has to match"),
		text(topicClients, flagHotCache, "", "",
			"`SIZE` of memory here for the values that are asked for most, such as 64m: gets of them need no server "+
				"(default: none)"),
		text(topicClients, flagHotRefresh, "", "1s",
			"`TIME` for which such a value is used before the server is asked again"),
		text(topicClients, flagTLSCert, "", "",
			"`FILE` with a certificate in PEM, and those in between: clients speak TLS on all TCP ports but those "+
				"with notls: in front, as in -l notls:HOST:PORT; read again on SIGHUP and SIGUSR1"),
		text(topicClients, flagTLSKey, "", "", "`FILE` with the key of that certificate"),
		text(topicClients, flagTLSClientCA, "", "",
			"`FILE` with certificates of authorities: clients have to show a certificate that one of them has issued"),
		list(topicClients, flagTLSListen, "",
			"`HOST:PORT` on which clients speak TLS, while those of -l stay plain text; repeat it or separate with "+
				"commas"),
		text(topicClients, flagAuth, "Y", "",
			"`FILE` with lines user:password of which clients have to name one, as with memcached's -Y, or by SASL "+
				"PLAIN; read again on SIGHUP and SIGUSR1"),
		text(topicClients, flagRequest, "", "30s",
			"`TIME` after which a client that stops in the middle of a request is cut off; 0s: never"),
		text(topicClients, flagIdleTimeout, "", "0s", "`TIME` after which an idle client is closed; 0s: never"),

		toggle(topicPlace, flagKetama, "k",
			"place keys on magent 0.5's ketama ring (the same as --distribution magent-ketama)"),
		text(topicPlace, flagDistribution, "", "ketama",
			"`NAME` of the rule that picks a server: ketama (as libmemcached and twemproxy), magent (as magent 0.5 "+
				"without -k), magent-ketama (as 0.5 with -k), modula, random (without -b)"),
		text(topicPlace, flagHash, "", "",
			"`NAME` of the hash of keys (default: md5; with --distribution magent djb2)"),

		text(topicPlace, flagHashTag, "", "",
			"two `BYTES` such as {}: if a key contains both, only the text between them is hashed"),

		text(topicFailures, flagTimeout, "", "200ms", "`TIME` for a server's reply, from its last progress on"),
		text(topicFailures, flagConnect, "", "500ms", "`TIME` for a connection to a server"),
		text(topicFailures, flagResolve, "", "30s",
			"`TIME` between two lookups of a server's name, whose address may change; 0s: look it up only before "+
				"connecting"),
		text(topicFailures, flagFailures, "", "2",
			"`NUMBER` of missed replies in a row after which a server is ejected"),
		toggle(topicFailures, flagEject, "", "without -b: the keys of an ejected server move to the others"),
		text(topicFailures, flagRetry, "", "30s", "minimum `TIME` that such a server stays ejected"),
		text(topicFailures, flagDirty, "", "1000000",
			"maximum `NUMBER` of keys to remember for a server that misses writes; with more, the server is "+
				"flushed when it is back"),
		text(topicFailures, flagState, "", "",
			"`DIR` for the journal of what servers have missed, which survives a crash of magent; no other program "+
				"may use it (default: none)"),
		text(topicFailures, flagVIP, "", "",
			"virtual `ADDRESS` shared by several magents that are no fleet: only the instance that holds it repairs "+
				"servers (default: there is only this magent); in a fleet for --fleet-alone vip"),
		text(topicFailures, flagRefill, "", "20000",
			"`NUMBER` of keys per second for refilling a server that came back empty; 0: no limit"),
		text(topicFailures, flagProbe, "", "500ms", "`TIME` between two probes of an ejected server"),
		text(topicFailures, flagAck, "", "all", "a write is answered when `COPIES` have it: all, or primary"),
	}
}

func flagsOfFleet() []cli.Flag {
	return []cli.Flag{
		list(topicFleet, flagFleet, "",
			"`MEMBERS` of the fleet, the same on all of them: NAME=HOST:PORT, and /witness behind the address of a "+
				"witness; repeat it or separate with commas (default: this magent is alone)"),
		text(topicFleet, flagMember, "", "",
			"`NAME` of this one in the list (default: the one whose HOST is an address of this machine)"),
		text(topicFleet, flagSecret, "", "",
			"`FILE` with the secret that all members share, 16 bytes or more; needed unless all are on loopback"),
		text(topicFleet, flagAlone, "", string(config.AloneProven),
			"`WHEN` one of two goes on although the other is silent and not proven to be dead: proven (never), vip "+
				"(if it has the address of --vip), always"),
		text(topicFleet, flagLease, "", "1s",
			"`TIME` for which a member may decide without hearing from the others, the same on all of them"),
	}
}

func flagsOfProcess() []cli.Flag {
	return []cli.Flag{
		text(topicProcess, flagThreads, "", "1", "`NUMBER` of event loops"),
		toggle(topicProcess, flagDaemonize, "d", "run in the background once the ports listen"),
		toggle(topicProcess, flagForeground, "D",
			"stay in the foreground, which is the default (for command lines of magent 0.5)"),
		text(topicProcess, flagUser, "u", "", "`USER` to become after the ports are bound, name or number"),
		text(topicProcess, flagGroup, "g", "",
			"`GROUP` to become then, name or number (default: the groups of the user)"),
		text(topicProcess, flagPidFile, "", "", "`FILE` to write the process number to"),
		text(topicProcess, flagDrain, "", "5s", "`TIME` that SIGTERM leaves to requests in flight"),
		list(topicProcess, flagAdmin, "",
			"HTTP `ADDRESS` of the status page, metrics and health checks: HOST:PORT, a port on loopback, or the "+
				"/PATH of a unix socket; repeat it or separate with commas (default: none)"),
		text(topicProcess, flagAdminSocket, "", "",
			"`PATH` of a unix socket, for this user and root alone, that has the same pages and takes commands, such "+
				"as magent reload (default: none)"),
		text(topicProcess, flagAdminToken, "", "",
			"`FILE` with the token, 16 characters or more, that whoever reads pages at a port of --admin has to "+
				"send; read again on SIGHUP and SIGUSR1 (default: none)"),
		toggle(topicProcess, flagProfiles, "", "serve profiles at /debug/pprof there as well"),
		text(topicProcess, flagIdle, "i", "1",
			"ignored `NUMBER` of connections to a server, for command lines of magent 0.5: each loop has one to "+
				"every server"),

		text(topicLog, flagLogFormat, "", "",
			"`FORMAT` of the log: console or json (default: console on a terminal, else json)"),
		text(topicLog, flagLogFile, "", "",
			"`FILE` to append the log to, reopened on SIGHUP (default: stderr, in the background syslog)"),
		toggle(topicLog, flagVerbose, "v", "log more"),
		text(topicLog, flagSlow, "", "0s",
			"log requests that take `TIME` or longer, at most 10 a second in each loop, with a hash of their key; "+
				"0s: none"),
		toggle(topicLog, flagSlowKeys, "", "log them with the key itself"),
		toggle(topicLog, flagVersion, "V", "print the version and exit"),
		toggle(topicLog, flagHelp, "h", "print this text and exit"),
	}
}

// newVerifyFlags returns the flags of magent verify: its own, and those of magent for the servers, the placement and
// timeouts. The timeout for a reply is longer, because no client waits for it.
func newVerifyFlags() []cli.Flag {
	shared := []string{
		flagServer, flagBackup, flagKetama, flagDistribution, flagHash, flagHashTag, flagTimeout,
		flagConnect, flagConfig, flagServerAuth, flagServerTLS, flagServerCA, flagServerCert, flagServerKey,
		flagServerName, flagAdminSocket, flagHelp,
	}
	flags := slices.DeleteFunc(newFlags(), func(f cli.Flag) bool {
		return !slices.Contains(shared, usage.LongName(f))
	})
	for _, f := range flags {
		switch t, _ := f.(*cli.StringFlag); usage.LongName(f) {
		case flagTimeout:
			t.Value = "500ms"
		case flagAdminSocket:
			t.Category, t.Usage = topicVerify, askedUsage
		}
	}
	return append(flags, ownVerifyFlags()...)
}

const askedUsage = "with --repair: `PATH` of the socket of a running magent, which is asked first whether all " +
	"servers are in use and nothing is left to copy (default: those of all services on this machine)"

func ownVerifyFlags() []cli.Flag {
	return []cli.Flag{
		text(topicVerify, flagRate, "", "20000", "maximum `NUMBER` of keys per second"),
		toggle(topicVerify, flagRepair, "",
			"repair differences: the backup gets what the primary has, and loses its other keys; refused if the "+
				"counts look wrong, or a running magent has a server out of use"),
		toggle(topicVerify, flagFill, "",
			"with --repair: copy all keys that only the backup has to the primary, instead of deleting those that it "+
				"got after the primary was started"),
		toggle(topicVerify, flagForce, "", "with --repair: repair even if the counts look wrong, and ask no magent"),
		text(topicVerify, flagProxy, "", "",
			"with --repair: `ADDRESS` of a running magent as its clients know it, HOST, HOST:PORT or /PATH, to ask "+
				"in place of a socket (default: where the pool of -c listens)"),
		text(topicVerify, flagPool, "", "",
			"with -c: `NAME` of the pool to compare, if the file has several with backups"),
		text(topicVerify, flagShow, "", "1000", "maximum `NUMBER` of differing keys to print; all are counted"),
	}
}

func text(topic, name, alias, value, usage string) cli.Flag {
	return &cli.StringFlag{
		Category: topic, Name: name, Aliases: aliases(alias), Value: value, Usage: usage,
		EnvVars: variables(name),
	}
}

func list(topic, name, alias, usage string) cli.Flag {
	return &cli.StringSliceFlag{
		Category: topic, Name: name, Aliases: aliases(alias), Usage: usage,
		EnvVars: variables(name),
	}
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

// variables returns the environment variable of a flag. Help and version have none: images often contain a
// MAGENT_VERSION for other purposes. Flags that only verify or health have get none either, because a variable
// would apply to every run.
func variables(name string) []string {
	switch name {
	case flagHelp, flagVersion, flagTest, flagRate, flagRepair, flagFill, flagForce, flagPool, flagShow, flagWithin,
		flagRedis, flagPeer, flagReadyz, flagJSON, flagReason, flagProxy:
		return nil
	}
	return []string{variable(name)}
}

// variablePrefix begins the name of every variable.
const variablePrefix = "MAGENT_"

func variable(name string) string {
	return variablePrefix + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// argSpecs returns the flags for the parser of arguments.
func argSpecs(flags []cli.Flag) []config.ArgSpec {
	var specs []config.ArgSpec
	for _, f := range flags {
		spec := config.ArgSpec{Names: f.Names()}
		if doc := f.(cli.DocGenerationFlag); doc.TakesValue() {
			spec.Value, _ = usage.Placeholder(doc.GetUsage())
		}
		specs = append(specs, spec)
	}
	return specs
}

func ownHealthFlags() []cli.Flag {
	return []cli.Flag{
		text(topicHealth, flagWithin, "", "900ms", "`TIME` for the answer"),
		toggle(topicHealth, flagRedis, "", "the pool is one for Redis: ask PING and GET"),
		text(topicHealth, flagReadyz, "", "",
			"`ADDRESS` of --admin, HOST:PORT or the /PATH of a unix socket: ask /readyz there instead of a pool"),
		list(topicHealth, flagPeer, "",
			"`ADDRESS` on another machine that must be reachable, such as another magent's; if repeated, one of "+
				"them is enough (default: not checked)"),
	}
}
