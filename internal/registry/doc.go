// Package registry has one record of each server for all event loops: how many of them have ejected it, its identity,
// and what was logged of it.
package registry
