// Package refill lists the keys that a server lacks, or that may be out of date on it, beside the event loops. What becomes of
// them is the business of whoever asked.
package refill
