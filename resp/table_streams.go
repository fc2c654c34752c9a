package resp

// commandsOfStreams are those of streams and of publish/subscribe.
var commandsOfStreams = []Command{
	write("xack", -4),
	write("xackdel", -6),
	write("xadd", -5),
	write("xautoclaim", -6),
	write("xclaim", -6),
	write("xdel", -3),
	write("xdelex", -5),
	keyless("xgroup", -2, RouteKeys).writes().with(specialSub),
	keyless("xinfo", -2, RouteKeys).with(specialSub),
	read("xlen", 2),
	read("xpending", -3),
	read("xrange", -4),
	keyless("xread", -4, RouteKeys).with(specialStreams).waits(WaitsBlock),
	keyless("xreadgroup", -7, RouteKeys).writes().with(specialStreams).waits(WaitsBlock),
	read("xrevrange", -4),
	write("xsetid", -3),
	write("xtrim", -4),

	refused("psubscribe", -2, "PSUBSCRIBE"+messages),
	refused("publish", 3, "PUBLISH"+messages),
	refused("pubsub", -2, "PUBSUB"+messages),
	refused("punsubscribe", -1, "PUNSUBSCRIBE"+messages),
	read("spublish", 3).refused("SPUBLISH" + messages),
	readMany("ssubscribe", -2, 1, -1, 1).refused("SSUBSCRIBE" + messages),
	refused("subscribe", -2, "SUBSCRIBE"+messages),
	readMany("sunsubscribe", -1, 1, -1, 1).refused("SUNSUBSCRIBE" + messages),
	refused("unsubscribe", -1, "UNSUBSCRIBE"+messages),
}

const messages = " needs a connection of its own to one server: connect to a server directly for messages"
