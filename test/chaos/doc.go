// Package chaos makes real memcacheds, the network and the proxy fail, one at a time. It checks that what clients saw
// is linearizable, and that the copies agree in the end.
//
// A history is kept per key. Keys get new names in every round, and a round is checked when it is over.
// -duration says how long faults occur, -faults and -ops which faults and operations there are, -loops how many
// loops magent has. -seed repeats the random choices, but not their timing. A report begins with the seed and
// the faults of the round.
//
// The faults killstall, killhold and killpause only occur if they are named. Requests of a proxy that was killed may
// still be in the socket of a server that hangs, or on their way. They may be executed after requests of the next
// proxy, which cannot see them here: the links of this test hide the connections. -strict also judges keys that were
// being changed when the proxy was killed.
//
// TestModes has other kinds of faults, each with its promise: deadlines that are just missed, two faults that
// overlap, servers that evict, --ack primary, and a slow network. -each says how long each mode runs. Where keys may
// be lost, stepLossy defines what still has to hold.
//
// TestFleet has three hosts in network namespaces, with a memcached and a member of a fleet each. -fleet says how long
// members, memcacheds, hosts and the network between any two of them fail; -hostfaults names some of them, and
// -memberlogs keeps the logs. A round is void, and keys may have been
// lost in it, if the machine was too busy for a memcached that was well.
//
// TestFleetTimes measures how long clients of a fleet wait when something happens to it. -times says how often.
//
// TestTeeth and TestModesHaveTeeth run proxies whose guards are switched off, and expect that this is noticed.
package chaos
