// Package status reports the state of the process: as a live page, as JSON, as text for a terminal, and as health
// checks for "alive" and "ready". It runs beside the loops, and asks them for one copy of their figures at a time.
package status
