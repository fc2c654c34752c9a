package pubsub

import (
	"bytes"
	"strings"
)

// Kind is a namespace of subscriptions.
type Kind uint8

const (
	Channel Kind = iota // SUBSCRIBE
	Pattern             // PSUBSCRIBE
	Shard               // SSUBSCRIBE: channels that are named like keys
)

// kinds is the number of kinds.
const kinds = 3

// prefixes begin the names of their commands, and of their messages.
var prefixes = [kinds]string{"", "p", "s"}

// Of returns what a command of this name, in lower case, is for. adds: it subscribes, else it ends subscriptions.
func Of(command string) (k Kind, adds, ok bool) {
	verb, found := strings.CutSuffix(command, "subscribe")
	verb, ends := strings.CutSuffix(verb, "un")
	for k, prefix := range prefixes {
		if found && verb == prefix {
			return Kind(k), !ends, true
		}
	}
	return 0, false, false
}

// OfMessage returns the kind of a message: "message", "pmessage" or "smessage".
func OfMessage(word string) Kind {
	for k, prefix := range prefixes {
		if word == prefix+"message" {
			return Kind(k)
		}
	}
	return Channel
}

// command returns the name of the command that subscribes, or ends that.
func (k Kind) command(adds bool) string {
	if adds {
		return prefixes[k] + "subscribe"
	}
	return prefixes[k] + "unsubscribe"
}

// Everywhere reports whether a name has to be subscribed to at all servers: a pattern, whose channels may be on any of
// them, or a channel on which each server tells of its own keys.
func (k Kind) Everywhere(name []byte) bool {
	return k == Pattern ||
		k == Channel && (bytes.HasPrefix(name, []byte("__keyspace@")) || bytes.HasPrefix(name, []byte("__keyevent@")))
}
