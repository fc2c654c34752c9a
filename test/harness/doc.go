// Package harness starts the real parts of a black-box test, memcached and magent, and has what a test needs to judge
// them from outside: a raw text client, and the tools that it runs. Processes, waiting, ports and Redis servers are
// those of testkit.
//
// magent is built once per test binary. MAGENT_BIN names another one to be tested, such as one built with -race.
// magent also gets the environment of the test: MAGENT_THREADS=2 runs every test with two loops.
package harness
