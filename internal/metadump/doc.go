// Package metadump lists the items of a memcached with the command lru_crawler metadump. It uses a connection of its
// own, outside the event loops. A dump of any size takes the same small amount of memory.
package metadump
