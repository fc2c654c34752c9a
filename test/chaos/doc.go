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
// TestTeeth runs proxies whose guards are switched off, and wants that to be noticed.
package chaos
