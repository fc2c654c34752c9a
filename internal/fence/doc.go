// Package fence keeps a server from being used while something of a process that was killed may still reach it.
//
// A memcached executes what lies in the socket of a connection even after its sender has died. Until then it lists the
// connection (internal/fleet/conns). So a new connection waits until none of the dead process's is listed: it stays in
// the state in which its address is looked up, and collects requests. That takes about as long as two round trips.
//
// Where nobody can see the connections, or where they stay, nothing is proven. The server is then used as if there
// were no fence.
package fence
