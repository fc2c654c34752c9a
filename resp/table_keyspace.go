package resp

// blocking is the reason why commands are refused that hold up a connection.
const blocking = " would hold up the connection to the server, which all clients share: "

// another is the reason why commands are refused that concern a second database.
const another = " concerns another database, and a pool has one database, unless it has databases: true"

// commandsOfKeyspace are those for keys of any type, for scripts and for transactions.
var commandsOfKeyspace = []Command{
	writeMany("copy", -3, 1, 2, 1).with(specialCopy).two("COPY with DB" + another),
	keyless("dbsize", 1, RouteSumAll),
	writeMany("del", -2, 1, -1, 1).via(RouteSum),
	read("dump", 2),
	readMany("exists", -2, 1, -1, 1).via(RouteSum),
	write("expire", -3),
	write("expireat", -3),
	read("expiretime", 2),
	keyless("flushall", -1, RouteOKAll).writes(),
	keyless("flushdb", -1, RouteOKAll).writes(),
	keyless("keys", 2, RouteConcat),
	keyless("memory", -2, RouteKeys).with(specialSub),
	writeMany("migrate", -6, 3, 3, 1).
		refused("MIGRATE" + blocking + "use DUMP and RESTORE, or connect to the server directly"),
	write("move", 3).two("MOVE" + another),
	keyless("object", -2, RouteKeys).with(specialSub),
	write("persist", 2),
	write("pexpire", -3),
	write("pexpireat", -3),
	read("pexpiretime", 2),
	read("pttl", 2),
	keyless("randomkey", 1, RouteRandomKey),
	writeMany("rename", 3, 1, 2, 1),
	writeMany("renamenx", 3, 1, 2, 1),
	write("restore", -4),
	write("restore-asking", -4).refused("RESTORE-ASKING is for the nodes of a cluster: use RESTORE"),
	keyless("scan", -2, RouteScan),
	write("sort", -2).with(specialSort),
	read("sort_ro", -2).with(specialSort),
	keyless("swapdb", 3, RouteOKAll).writes().two("SWAPDB" + another),
	readMany("touch", -2, 1, -1, 1).via(RouteSum),
	read("ttl", 2),
	read("type", 2),
	writeMany("unlink", -2, 1, -1, 1).via(RouteSum),
	keyless("wait", 3, RouteReplicas).waits(WaitsMillis),
	keyless("waitaof", 4, RouteReplicas).waits(WaitsMillis),

	countedWrite("eval", -3, 2, specialScript),
	counted("eval_ro", -3, 2, specialScript),
	countedWrite("evalsha", -3, 2, specialScript),
	counted("evalsha_ro", -3, 2, specialScript),
	countedWrite("fcall", -3, 2, specialFunction),
	counted("fcall_ro", -3, 2, specialFunction),
	refused("function", -2, "FUNCTION concerns one server and has to be done on each: "+
		"connect to the servers directly, or use EVAL"),
	keyless("script", -2, RouteScript).with(specialSub),

	keyless("discard", 1, RouteLocal),
	keyless("exec", 1, RouteLocal),
	keyless("multi", 1, RouteLocal),
	keyless("unwatch", 1, RouteLocal),
	readMany("watch", -2, 1, -1, 1).via(RouteLocal),
}

func (c Command) writes() Command {
	c.Write = true
	return c
}
