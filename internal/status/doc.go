// Package status tells people and machines how the process is: a page that is live, the same as JSON and as text for a
// terminal, and whether the process lives and is ready. Beside the loops, of which it asks one copy of their figures at a time.
package status
