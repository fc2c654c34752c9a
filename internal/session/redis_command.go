package session

import (
	"strings"

	"magent/resp"
)

// command is COMMAND: which commands there are. It tells of those that the proxy carries out.
func (s *Session) command(r *resp.Request) {
	sub := ""
	if len(r.Args) > 1 {
		sub = strings.ToLower(string(r.Args[1]))
	}
	line := s.sh.Line[:0]
	switch args := r.Args[min(len(r.Args), 2):]; {
	case sub == "":
		line = appendCommands(line, appendCommand)
	case sub == "count" && len(args) == 0:
		n := 0
		for cmd := range resp.Commands() {
			if served(cmd) {
				n++
			}
		}
		line = resp.AppendInt(line, int64(n))
	case sub == "list" && len(args) == 0:
		line = appendCommands(line, func(dst []byte, cmd *resp.Command) []byte { return resp.AppendBulkString(dst, cmd.Name) })
	case sub == "info" && len(args) == 0:
		line = appendCommands(line, appendCommand)
	case sub == "info":
		line = resp.AppendArray(line, len(args))
		for _, name := range args {
			if cmd := resp.Lookup(name); cmd != nil && served(cmd) {
				line = appendCommand(line, cmd)
			} else {
				line = resp.AppendNull(line)
			}
		}
	case sub == "docs":
		line = appendDocs(line, args)
	case sub == "getkeys" && len(args) > 0:
		line = appendGetKeys(line, args)
	case sub == "count" || sub == "list" || sub == "getkeys":
		line = resp.AppendError(line, "ERR wrong number of arguments for 'command|"+sub+"' command")
	default:
		line = resp.AppendError(line, "ERR 'command|"+sub+"' is not supported here: there are COMMAND, COMMAND COUNT, DOCS, GETKEYS, INFO and LIST")
	}
	s.tell(line)
}

// served reports whether the proxy carries a command out.
func served(cmd *resp.Command) bool { return cmd.Route != resp.RouteRefused }

// appendCommands writes an array with one element for each command.
func appendCommands(dst []byte, element func(dst []byte, cmd *resp.Command) []byte) []byte {
	n := 0
	for cmd := range resp.Commands() {
		if served(cmd) {
			n++
		}
	}
	dst = resp.AppendArray(dst, n)
	for cmd := range resp.Commands() {
		if served(cmd) {
			dst = element(dst, cmd)
		}
	}
	return dst
}

// appendCommand writes what COMMAND INFO says of one, in the form of Redis 7, without what the proxy does not know: categories,
// tips, key specifications and subcommands.
func appendCommand(dst []byte, cmd *resp.Command) []byte {
	flag := "readonly"
	if cmd.Write {
		flag = "write"
	}
	dst = resp.AppendBulkString(resp.AppendArray(dst, 10), cmd.Name)
	dst = resp.AppendInt(dst, int64(cmd.Arity))
	dst = resp.AppendSimple(resp.AppendArray(dst, 1), flag)
	for _, n := range [...]int{cmd.First, cmd.Last, cmd.Step} {
		dst = resp.AppendInt(dst, int64(n))
	}
	for range 4 {
		dst = resp.AppendArray(dst, 0)
	}
	return dst
}

// appendDocs writes COMMAND DOCS: of each command how the proxy carries it out.
func appendDocs(dst []byte, names [][]byte) []byte {
	var cmds []*resp.Command
	if len(names) == 0 {
		for cmd := range resp.Commands() {
			if served(cmd) {
				cmds = append(cmds, cmd)
			}
		}
	}
	for _, name := range names {
		if cmd := resp.Lookup(name); cmd != nil && served(cmd) {
			cmds = append(cmds, cmd)
		}
	}
	dst = resp.AppendArray(dst, 2*len(cmds))
	for _, cmd := range cmds {
		dst = resp.AppendArray(resp.AppendBulkString(dst, cmd.Name), 2)
		dst = resp.AppendBulkString(resp.AppendBulkString(dst, "summary"), summary(cmd))
	}
	return dst
}

// summary says in a few words where a command goes.
func summary(cmd *resp.Command) string {
	switch cmd.Route {
	case resp.RouteKeys:
		return "As in Redis, on the server of its keys."
	case resp.RouteMGet, resp.RouteSum, resp.RouteMSet:
		return "As in Redis, but not atomic: every server carries out its part."
	case resp.RouteSumAll, resp.RouteOKAll, resp.RouteConcat, resp.RouteScript:
		return "On all servers of the pool."
	case resp.RouteScan:
		return "One server after the other; the cursor is the proxy's."
	case resp.RouteAny, resp.RouteRandomKey:
		return "On any server of the pool."
	}
	return "Answered by the proxy."
}

// appendGetKeys writes COMMAND GETKEYS: the keys of a command.
func appendGetKeys(dst []byte, args [][]byte) []byte {
	cmd := resp.Lookup(args[0])
	switch {
	case cmd == nil || !served(cmd):
		return resp.AppendError(dst, "ERR Invalid command specified")
	case !cmd.ArityOK(len(args)):
		return resp.AppendError(dst, "ERR Invalid number of arguments specified for command")
	}
	keys, refusal := cmd.Keys(nil, args)
	switch {
	case len(refusal) > 0:
		return append(dst, refusal...)
	case len(keys) == 0:
		return resp.AppendError(dst, "ERR The command has no key arguments")
	}
	dst = resp.AppendArray(dst, len(keys))
	for _, at := range keys {
		dst = resp.AppendBulk(dst, args[at])
	}
	return dst
}
