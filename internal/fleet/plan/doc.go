// Package plan says what the pools of a fleet are to its members: the text by which they compare them, the groups that
// are decided together, and what takes the place of what when the pools change. Pure functions of configurations.
package plan
