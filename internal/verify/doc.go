// Package verify compares the two copies of every key while clients go on. For each server it lists the keys
// (internal/metadump), reads each key on both of its servers (mg), and compares the results. On request it repairs
// copies that differ.
//
// It needs no proxy: it has connections of its own, and changes nothing unless it is told to repair. Of a server's
// keys it has only a batch in memory, and those that seem to differ, apart from the list that metadump keeps.
package verify
