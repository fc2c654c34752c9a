// Package config turns what the operator writes - command lines, and what stands in them: addresses, sizes, times, names -
// into plain values that are validated once. Every error names the value and the remedy, in one line.
package config
