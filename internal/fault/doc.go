// Package fault switches guards off, so that tests can show that they would notice. In a build without the tag faults
// the switches are constant and false, and the compiler removes them. With the tag, MAGENT_FAULT names the guards to
// switch off, separated by commas.
package fault
