// Package distribute carries out the commands of Redis pools, whose keys are distributed over servers. Such a pool has
// no backups, because Redis servers replicate by themselves. So there are no copies to compare or to repair. A command
// goes to these servers:
//
//	command, transact  the server of its keys                             command.go
//	fanout             the servers of its keys, or all servers, at once   fanout.go, all.go
//	seek, scan         one server after the other                         all.go
//
// With read_from a replica of a server answers instead of it what only reads (read.go).
//
// Call.OnReply (reply.go) handles the servers' replies. For each kind of command a pure function (merge.go) merges
// them.
//
// Everything here belongs to one loop.
package distribute
