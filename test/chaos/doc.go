// Package chaos lets faults strike real memcacheds, the network, and the proxy, one at a time, and checks that what clients
// saw is linearizable, and that the copies agree when it is over.
//
// A history is kept by key; keys get new names with every round, and a round is checked when it is over. -duration says how long
// faults strike, -faults and -ops which, and what clients do, -loops how many loops magent has; -seed repeats what
// was drawn, though not when it happened. What is reported begins with the seed and the faults of the round.
//
// Not struck unless they are named: killstall, killhold and killpause. What a proxy that died has sent may lie in the socket of a server
// that hangs, or be on its way still, and be executed behind what the next proxy asks; nothing guards against that yet.
// -strict judges keys, too, that were being changed when the proxy died: such a change may have reached one copy only.
//
// TestModes does so in ways of their own, each with its promise: deadlines that are missed by a little, two faults that overlap,
// servers that evict, --ack primary, and a slow network. -each says how long for each. Where keys may be lost, lossyModel says what is left of the promise.
//
// TestTeeth and TestModesHaveTeeth run proxies whose guards are switched off, and want that to be noticed.
package chaos
