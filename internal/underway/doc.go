// Package underway keeps what is being changed on servers in memory that outlives the process: which keys have a
// mutation that is not settled on both copies, and which connections there are. After kill -9 the next process reads
// there what it has to bring to an end, and whose bytes may still lie in a server's socket.
//
// The memory is a file of a file system in RAM (Dir). A disk would not do: a store into a mapped page may wait for the
// disk, and so would the loop. What is kept here is lost when the machine goes down, or a container with its own /dev.
//
// Each loop has a Table of its own and needs no lock. To note a key takes a few stores, and no system call:
//
//	head     "MAGENTU\n" | version | number of loops | length of the names | whether one did not fit
//	         the names of servers, each after its number and its length
//	         connections of processes before this one, that are not known to be over
//	table    (one per loop) how much found no room | whether a connection found none
//	         connections, places of servers in turn
//	         slots for short keys, then slots for long ones
//	slot     length and kind | number of the server that leads | key
//
// Numbers are little-endian and have four bytes. The first word of a slot is written last and cleared first, so a slot
// counts entirely or not at all.
package underway
