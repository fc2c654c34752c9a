// Package stats holds the figures of the process: plain counters that one loop owns, snapshots of them that can be
// added up, and their renderings.
package stats
