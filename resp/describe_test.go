package resp

import (
	"bytes"
	"strconv"
	"strings"
	"testing"
)

// Every form of COMMAND gets one complete reply, and all forms describe the same commands.
func TestAppendCommandReply(t *testing.T) {
	n := 0
	for cmd := range Commands() {
		if cmd.Route != RouteRefused {
			n++
		}
	}
	count := strconv.Itoa(n)
	for request, start := range map[string]string{
		"COMMAND":                      "*" + count + "\r\n",
		"COMMAND INFO":                 "*" + count + "\r\n",
		"COMMAND LIST":                 "*" + count + "\r\n",
		"command count":                ":" + count + "\r\n",
		"COMMAND INFO get nothing":     "*2\r\n*10\r\n$3\r\nget\r\n",
		"COMMAND DOCS":                 "*" + strconv.Itoa(2*n) + "\r\n",
		"COMMAND DOCS mget nothing":    "*2\r\n$4\r\nmget\r\n",
		"COMMAND GETKEYS MSET a 1 b 2": "*2\r\n$1\r\na\r\n$1\r\nb\r\n",
		"COMMAND GETKEYS PING":         "-ERR The command has no key arguments\r\n",
		"COMMAND GETKEYS GET":          "-ERR Invalid number of arguments specified for command\r\n",
		"COMMAND GETKEYS SAVE":         "-ERR Invalid command specified\r\n",
		"COMMAND GETKEYS":              "-ERR wrong number of arguments for 'command|getkeys' command\r\n",
		"COMMAND COUNT x":              "-ERR wrong number of arguments for 'command|count' command\r\n",
		"COMMAND x":                    "-ERR 'command|x' is not supported here",
	} {
		var args [][]byte
		for _, w := range strings.Fields(request) {
			args = append(args, []byte(w))
		}
		reply := RESP2.AppendCommandReply([]byte("before"), args)
		reply, ok := bytes.CutPrefix(reply, []byte("before"))
		if !ok || !strings.HasPrefix(string(reply), start) {
			t.Errorf("%s: %.100q, want %q", request, reply, start)
		}
		var f Framer
		if n, _, ok := f.Next(reply); !ok || n != len(reply) {
			t.Errorf("%s: %d of %d bytes are a reply", request, n, len(reply))
		}
		reply, f.Proto = RESP3.AppendCommandReply(nil, args), RESP3
		if n, _, ok := f.Next(reply); !ok || n != len(reply) {
			t.Errorf("%s in RESP3: %d of %d bytes are a reply", request, n, len(reply))
		}
	}
}
