// Package arch reads the source and holds it to the rules of the house: which folder may import which, what the pure
// packages must not use, no state in package variables, one package doc each, files of a size that can be read.
package arch
