// Package chaos lets faults strike real memcacheds and the network, and checks that what clients saw is linearizable.
package chaos
