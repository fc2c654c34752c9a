// Package redis asks Redis servers whether they are ready, and Sentinels where the master is and when that changes.
// It runs beside the event loops, on connections of its own. It wraps the client library, and switches off what that
// does on its own: dialing again, retrying and logging.
package redis
