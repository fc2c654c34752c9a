// Package health checks, as a client would, whether a proxy can serve. It is for scripts that decide where clients
// are sent, such as keepalived's. It runs in a process of its own.
package health
