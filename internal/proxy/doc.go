// Package proxy makes a running Service of event loops: it starts them, listens and accepts, changes the pools while they stand
// still, adds up their figures, and ends them, or hands over to another process.
package proxy
