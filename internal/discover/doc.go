// Package discover finds the addresses of servers that are given by name or by their Sentinels. It works outside the
// event loops: when a loop connects, periodically, and when a Sentinel announces a new master.
package discover
