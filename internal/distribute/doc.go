// Package distribute carries out the commands of Redis pools, which distribute their keys over servers. Such a pool
// has no backups: the servers replicate by themselves. So there is nothing to judge and nothing to make good. A
// command goes to
//
//	command, transact  the server of its keys                           engine.go
//	gather             the servers of its keys, or all of them, at once  gather.go, all.go
//	seek, scan         one server after the other                        all.go
//
// and Call.OnReply (call.go) brings the servers' replies back to it. How replies come to one is a pure function for
// each kind of command.
//
// Everything here belongs to one loop.
package distribute
