// Package ring maps keys to servers: hashes of keys, and rings that say which server has a hash. Both agree with
// twemproxy and with magent 0.5, bit for bit. It knows nothing of connections.
package ring
