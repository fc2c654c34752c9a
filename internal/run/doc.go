// Package run runs a process according to a configuration: the engine, and the addresses for monitoring. The commands
// magent and nutcracker have it in common.
package run
