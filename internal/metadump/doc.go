// Package metadump lists what a memcached holds, by its own command for that: lru_crawler metadump. It works beside the
// event loops, on a connection of its own; a dump of any size takes the same little memory.
package metadump
