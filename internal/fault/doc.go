// Package fault switches guards off, so that tests can show that they would notice. In a build without the tag faults
// the switches are constants, false, and the compiler leaves nothing of them; with it, MAGENT_FAULT names those to be set,
// separated by commas.
package fault
