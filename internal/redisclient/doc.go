// Package redisclient is what the clients of Redis pools get from the proxy itself: which of their commands a server
// may carry out, and the answers to AUTH, HELLO, CLIENT, MULTI and the like. How much is read of a client, and when
// its answers are sent, is the matter of its session.
package redisclient
