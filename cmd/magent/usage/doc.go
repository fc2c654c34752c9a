// Package usage tells people, and their shells, how a command line is written: help texts, the manual page, and
// completions. It knows no flag of magent by its name. What there is to tell, it is given as a Program.
package usage
