// Package health asks a proxy, as a client does, whether it can serve: for scripts that decide where clients are sent, such as
// keepalived's. It runs in a process of its own.
package health
