// Package call has what the requests of memcached pools (replicate) and of Redis pools (distribute) have in common. A
// Call is one client's request: it is sent to servers, waits for their replies, and answers the client. Servers are
// the servers of a pool on one loop, and know where a key belongs.
//
// Everything here belongs to one loop.
package call
