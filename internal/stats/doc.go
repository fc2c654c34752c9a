// Package stats has the figures of the process: plain counters that belong to one loop, snapshots of them that can be
// added up, and their renderings.
package stats
