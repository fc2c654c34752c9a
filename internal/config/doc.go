// Package config parses and validates what the operator writes: command lines, files of pools, and the addresses,
// sizes, times and names in them. The result is plain values. Every error is one line that names the value and the
// remedy; errors in a file name the place as well.
package config
