// Package run makes a running process of a configuration: the engine, and beside it the port where its figures are asked
// for. It is what magent and nutcracker have in common behind their command lines.
package run
