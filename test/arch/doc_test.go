// Package arch checks rules on the source: which folder may import which, what the pure packages must not use, no
// state in package variables, one package comment each, and files that are short enough to be read.
package arch
