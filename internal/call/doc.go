// Package call is what both kinds of requests have in common: those of memcached pools (replicate) and those of
// Redis pools (distribute). A Call is one client's request on its way: it is sent to servers, waits for their
// replies, and brings the answer. Servers are those of a pool on one loop, and say where a key belongs.
//
// Everything here belongs to one loop.
package call
