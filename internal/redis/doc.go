// Package redis asks Redis servers and Sentinels, beside the event loops and on connections of its own: whether a server is
// ready, who is the master, and to be told when that changes. It wraps the client library, which does more than is wanted
// here when it is left alone: it dials anew, tries again, and logs.
package redis
