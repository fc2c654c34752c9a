// Package verify compares the two copies of every key, server by server, while clients go on: it walks what each server
// holds (internal/metadump), asks both servers of a key for it (mg) and judges what they say. On request it mends what
// differs.
//
// It works beside the event loops, on connections of its own, and changes nothing unless it is told to mend. A server's keys are
// never held in memory: at most a batch of them, and those that are suspected to differ.
package verify
