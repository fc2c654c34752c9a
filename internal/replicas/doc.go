// Package replicas has reads of a Redis pool answered by the replicas of its masters. Beside the loops a Watch asks
// Sentinels and servers, once a second, and a Choice says which replicas may be read. On each loop a Set has
// connections to these.
package replicas
