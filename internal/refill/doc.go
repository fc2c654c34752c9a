// Package refill lists the keys that a server lacks, or that may be out of date on it. It works outside the event
// loops, and hands the keys to the functions in Options.
package refill
