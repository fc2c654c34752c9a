// Package harness starts the real programs of a test, such as memcached and magent, and observes them from outside:
// with a raw text client, signals, logs, and the figures in /proc.
//
// Everything that a test starts ends with it, by pid, however the test ends. Nothing here sleeps for a fixed time:
// Eventually polls for what the test waits for. Ports come from the kernel, so tests may run at the same time.
//
// magent is built once per test binary. MAGENT_BIN names another one to be tested, such as one built with -race.
// magent also gets the environment of the test: MAGENT_THREADS=2 runs every test with two loops.
package harness
