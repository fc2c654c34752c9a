// Package harness starts the real parts of a test, memcached and magent, and gives it what it needs to judge
// them from outside: a raw text client, signals, logs, and the figures that /proc knows about a process.
//
// Everything a test starts ends with it, by pid, however the test ends. Nothing here sleeps for a fixed time:
// Eventually polls for what the test waits for. Ports come from the kernel, so tests may run beside each other.
//
// magent is built once per test binary; MAGENT_BIN names another one to be tested (built with -race, say).
// Its own environment variables reach it, too: MAGENT_THREADS=2 runs every suite with two loops.
package harness
