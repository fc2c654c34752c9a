// Package service turns an engine into a well-behaved process: log, signals, pid file, file limit, privileges,
// daemon. It knows no protocol and no configuration file; Run is the order in which all of it happens.
package service
