// Package discover finds servers that are given by name, or by their Sentinels, beside the event loops: when a loop connects,
// from time to time, and when a Sentinel says that a master was replaced.
package discover
