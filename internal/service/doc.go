// Package service turns an engine into a well-behaved process: log, signals, pid file, limit of open files,
// privileges, daemon, systemd, upgrade. It knows no protocol and no configuration. Run shows the order in
// which all of it happens.
package service
