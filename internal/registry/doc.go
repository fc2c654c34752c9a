// Package registry has one record of each server, whatever the number of event loops: how many of them have it out of use, who it
// is, and what the log and the list of events have said of it.
package registry
