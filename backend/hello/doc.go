// Package hello has what is said on a new connection to a server, before it carries requests. A memcached is told a
// password, asked who it is, and whether it has meta commands. A Redis gets a Login.
//
// A Talk is the whole conversation. Bytes go in, and bytes and decisions come out. It has no connection and no clock.
package hello
