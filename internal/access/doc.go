// Package access has what connecting to a server takes beside its address: TLS and a password. It connects beside the
// loops, and makes the handshakes of connections that loops then have. It also reads the certificates for clients.
package access
