package resp

import "strings"

// AppendCommandReply appends the reply to COMMAND. args are the words of the request, COMMAND included. The reply
// describes the commands that the proxy supports.
func (p Proto) AppendCommandReply(line []byte, args [][]byte) []byte {
	sub := ""
	if len(args) > 1 {
		sub = strings.ToLower(string(args[1]))
	}
	switch args := args[min(len(args), 2):]; {
	case sub == "":
		line = appendCommands(line, p.appendCommand)
	case sub == "count" && len(args) == 0:
		n := 0
		for cmd := range Commands() {
			if served(cmd) {
				n++
			}
		}
		line = AppendInt(line, int64(n))
	case sub == "list" && len(args) == 0:
		line = appendCommands(line, func(dst []byte, cmd *Command) []byte { return AppendBulkString(dst, cmd.Name) })
	case sub == "info" && len(args) == 0:
		line = appendCommands(line, p.appendCommand)
	case sub == "info":
		line = AppendArray(line, len(args))
		for _, name := range args {
			if cmd := Lookup(name); cmd != nil && served(cmd) {
				line = p.appendCommand(line, cmd)
			} else {
				line = p.AppendNull(line)
			}
		}
	case sub == "docs":
		line = p.appendDocs(line, args)
	case sub == "getkeys" && len(args) > 0:
		line = appendGetKeys(line, args)
	case sub == "count" || sub == "list" || sub == "getkeys":
		line = AppendError(line, "ERR wrong number of arguments for 'command|"+sub+"' command")
	default:
		line = AppendError(line, "ERR 'command|"+sub+
			"' is not supported here: there are COMMAND, COMMAND COUNT, DOCS, GETKEYS, INFO and LIST")
	}
	return line
}

// served reports whether the proxy supports a command.
func served(cmd *Command) bool { return cmd.Route != RouteRefused }

// appendCommands writes an array with one element for each command.
func appendCommands(dst []byte, element func(dst []byte, cmd *Command) []byte) []byte {
	n := 0
	for cmd := range Commands() {
		if served(cmd) {
			n++
		}
	}
	dst = AppendArray(dst, n)
	for cmd := range Commands() {
		if served(cmd) {
			dst = element(dst, cmd)
		}
	}
	return dst
}

// appendCommand writes what COMMAND INFO says of a command, in the form of Redis 7. It leaves out what the proxy does
// not know: categories, tips, key specifications and subcommands.
func (p Proto) appendCommand(dst []byte, cmd *Command) []byte {
	flag := "readonly"
	switch {
	case cmd.Write:
		flag = "write"
	case cmd.Route == RouteChannel, cmd.Route == RoutePubSub, cmd.Subscribes():
		flag = "pubsub"
	}
	dst = AppendBulkString(AppendArray(dst, 10), cmd.Name)
	dst = AppendInt(dst, int64(cmd.Arity))
	dst = AppendSimple(p.AppendSet(dst, 1), flag)
	for _, n := range [...]int{cmd.First, cmd.Last, cmd.Step} {
		dst = AppendInt(dst, int64(n))
	}
	for range 3 {
		dst = p.AppendSet(dst, 0)
	}
	return AppendArray(dst, 0)
}

// appendDocs writes the reply to COMMAND DOCS: for each command, how the proxy carries it out.
func (p Proto) appendDocs(dst []byte, names [][]byte) []byte {
	var cmds []*Command
	if len(names) == 0 {
		for cmd := range Commands() {
			if served(cmd) {
				cmds = append(cmds, cmd)
			}
		}
	}
	for _, name := range names {
		if cmd := Lookup(name); cmd != nil && served(cmd) {
			cmds = append(cmds, cmd)
		}
	}
	dst = p.AppendMap(dst, len(cmds))
	for _, cmd := range cmds {
		dst = p.AppendMap(AppendBulkString(dst, cmd.Name), 1)
		dst = AppendBulkString(AppendBulkString(dst, "summary"), summary(cmd))
	}
	return dst
}

// summary returns in a few words where a command goes.
func summary(cmd *Command) string {
	if cmd.Subscribes() {
		return "At the servers of the channels, on connections of the client's own."
	}
	switch cmd.Route {
	case RouteKeys:
		return "As in Redis, on the server of its keys."
	case RouteMGet, RouteSum, RouteMSet:
		return "As in Redis, but not atomic: every server carries out its part."
	case RouteSumAll, RouteOKAll, RouteConcat, RouteScript, RoutePubSub:
		return "On all servers of the pool."
	case RouteChannel:
		return "As in Redis, on the server of its channel."
	case RouteReplicas:
		return "At all servers of the pool; the lowest number counts."
	case RouteScan:
		return "One server after the other; the cursor is the proxy's."
	case RouteAny, RouteRandomKey:
		return "On any server of the pool."
	}
	return "Answered by the proxy."
}

// appendGetKeys writes the reply to COMMAND GETKEYS: the keys of a command.
func appendGetKeys(dst []byte, args [][]byte) []byte {
	cmd := Lookup(args[0])
	switch {
	case cmd == nil || !served(cmd):
		return AppendError(dst, "ERR Invalid command specified")
	case !cmd.ArityOK(len(args)):
		return AppendError(dst, "ERR Invalid number of arguments specified for command")
	}
	keys, refusal := cmd.Keys(nil, args)
	switch {
	case len(refusal) > 0:
		return append(dst, refusal...)
	case len(keys) == 0:
		return AppendError(dst, "ERR The command has no key arguments")
	}
	dst = AppendArray(dst, len(keys))
	for _, at := range keys {
		dst = AppendBulk(dst, args[at])
	}
	return dst
}
