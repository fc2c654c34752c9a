// Package testkit has what tests of many packages need: waiting, listeners and servers on the loopback, processes,
// real Redis servers, files and transcripts. It knows nothing of magent, and only tests import it.
//
// Everything ends with the test that asked for it, however that ends. Ports come from the kernel, so tests may run
// beside each other. Nothing sleeps for a fixed time: tests wait for what they need, for Patience at most.
package testkit
