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

	// Channels are no keys, but a server is picked for each as for a key.
	keyless("psubscribe", -2, RouteLocal),
	keyless("publish", 3, RouteChannel),
	keyless("pubsub", -2, RoutePubSub).with(specialSub),
	keyless("punsubscribe", -1, RouteLocal),
	read("spublish", 3).via(RouteChannel).with(specialChannels),
	readMany("ssubscribe", -2, 1, -1, 1).via(RouteLocal).with(specialChannels),
	keyless("subscribe", -2, RouteLocal),
	readMany("sunsubscribe", -1, 1, -1, 1).via(RouteLocal).with(specialChannels),
	keyless("unsubscribe", -1, RouteLocal),
}
