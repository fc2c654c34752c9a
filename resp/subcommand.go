package resp

import "strings"

// subcommand describes a subcommand of a command with specialSub.
type subcommand struct {
	command, name string
	arity         int
	key           int    // position of its key; 0: none
	why           string // if not empty: it is refused, and this is the reason and the remedy
}

var subcommands = []subcommand{
	{"memory", "help", 2, 0, ""},
	{"memory", "usage", -3, 2, ""},
	{"memory", "doctor", 2, 0, "MEMORY DOCTOR" + operators},
	{"memory", "malloc-stats", 2, 0, "MEMORY MALLOC-STATS" + operators},
	{"memory", "purge", 2, 0, "MEMORY PURGE" + operators},
	{"memory", "stats", 2, 0, "MEMORY STATS" + operators},
	{"object", "encoding", 3, 2, ""},
	{"object", "freq", 3, 2, ""},
	{"object", "help", 2, 0, ""},
	{"object", "idletime", 3, 2, ""},
	{"object", "refcount", 3, 2, ""},
	{"pubsub", "channels", -2, 0, ""},
	{"pubsub", "help", 2, 0, ""},
	{"pubsub", "numpat", 2, 0, ""},
	{"pubsub", "numsub", -2, 0, ""},
	{"pubsub", "shardchannels", -2, 0, ""},
	{"pubsub", "shardnumsub", -2, 0, ""},
	{"script", "exists", -3, 0, ""},
	{"script", "flush", -2, 0, ""},
	{"script", "load", 3, 0, ""},
	{"script", "debug", 3, 0, "SCRIPT DEBUG" + operators},
	{"script", "help", 2, 0, "SCRIPT HELP" + operators},
	{"script", "kill", 2, 0, "SCRIPT KILL" + operators},
	{"script", "show", 3, 0, "SCRIPT SHOW" + operators},
	{"xgroup", "create", -5, 2, ""},
	{"xgroup", "createconsumer", 5, 2, ""},
	{"xgroup", "delconsumer", 5, 2, ""},
	{"xgroup", "destroy", 4, 2, ""},
	{"xgroup", "help", 2, 0, ""},
	{"xgroup", "setid", -5, 2, ""},
	{"xinfo", "consumers", 4, 2, ""},
	{"xinfo", "groups", 3, 2, ""},
	{"xinfo", "help", 2, 0, ""},
	{"xinfo", "stream", -3, 2, ""},
}

// subcommandKeys are those of the subcommand in args[1].
func (c *Command) subcommandKeys(dst []int, args [][]byte) (keys []int, errReply []byte) {
	for i := range subcommands {
		s := &subcommands[i]
		if s.command != c.Name || !equalFold(args[1], s.name) {
			continue
		}
		full := Command{Name: c.Name + "|" + s.name, Arity: s.arity}
		switch {
		case !full.ArityOK(len(args)):
			return dst, AppendWrongArity(nil, &full)
		case s.why != "":
			return dst, AppendError(nil, "ERR "+s.why)
		case s.key > 0:
			dst = append(dst, s.key)
		}
		return dst, nil
	}
	return dst, appendUnknownSub(nil, args[1], strings.ToUpper(c.Name))
}
