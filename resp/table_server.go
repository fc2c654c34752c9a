package resp

const (
	operators = " concerns one server and not the pool: connect to that server directly"
	nodes     = " is for the nodes of a cluster, and the pool is none: connect to the server directly"
)

// commandsOfServer are those of connections, servers and clusters.
var commandsOfServer = []Command{
	keyless("auth", -2, RouteLocal),
	keyless("client", -2, RouteLocal),
	keyless("command", -1, RouteLocal),
	keyless("echo", 2, RouteLocal),
	keyless("hello", -1, RouteLocal),
	keyless("info", -1, RouteLocal),
	keyless("lolwut", -1, RouteAny),
	keyless("ping", -1, RouteLocal),
	keyless("quit", -1, RouteLocal),
	keyless("readonly", 1, RouteLocal),
	keyless("readwrite", 1, RouteLocal),
	keyless("reset", 1, RouteLocal),
	keyless("select", 2, RouteLocal),
	keyless("time", 1, RouteLocal),

	refused("acl", -2, "ACL"+operators),
	refused("bgrewriteaof", 1, "BGREWRITEAOF"+operators),
	refused("bgsave", -1, "BGSAVE"+operators),
	refused("commandlog", -2, "COMMANDLOG"+operators),
	refused("config", -2, "CONFIG"+operators),
	refused("debug", -2, "DEBUG"+operators),
	refused("lastsave", 1, "LASTSAVE"+operators),
	refused("latency", -2, "LATENCY"+operators),
	refused("module", -2, "MODULE"+operators),
	refused("monitor", 1, "MONITOR"+operators),
	refused("role", 1, "ROLE"+operators),
	refused("save", 1, "SAVE"+operators),
	refused("shutdown", -1, "SHUTDOWN"+operators),
	refused("slowlog", -2, "SLOWLOG"+operators),

	refused("failover", -1, "FAILOVER"+operators),
	refused("psync", -3, "PSYNC"+operators),
	refused("replconf", -1, "REPLCONF"+operators),
	refused("replicaof", 3, "REPLICAOF"+operators),
	refused("slaveof", 3, "SLAVEOF"+operators),
	refused("sync", 1, "SYNC"+operators),

	refused("asking", 1, "ASKING"+nodes),
	refused("cluster", -2, "CLUSTER"+nodes),
}
