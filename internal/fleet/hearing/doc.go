// Package hearing keeps what a member of a fleet hears of the others, and finds out who of them does not hear whom, by
// what all say in their hellos. Each member sends to the others on connections of its own. So a firewall, for
// instance, may let through what one member says to another, and nothing the other way.
package hearing
