package hello

import (
	"errors"

	"magent/ascii"
	"magent/resp"
)

// Why a conversation fails.
var (
	ErrGarbage = errors.New("the reply cannot be parsed")
	ErrUnasked = errors.New("a reply that nobody asked for")
)

// Identify is the first command where the identity of a memcached is of interest. Else it is Knock, which asks whether
// the server answers, and changes nothing there.
var (
	Identify = []byte("stats\r\n")
	Knock    = []byte("version\r\n")
)

// Options say what there is to talk about. One of Redis, Greet and Knock must be set.
type Options struct {
	Greet    bool          // the first command is Identify
	Knock    bool          // else it is Knock
	Password func() []byte // the request that a memcached gets first, and has to accept; nil: none
	Redis    *Login        // what a Redis gets; nil: it is a memcached
}

// Talk is the conversation on a connection, and later those on its successors. What the last one has found out stays.
type Talk struct {
	Meta  MetaForm // the form of the server's meta commands, as of the last conversation that has found it out
	Token bool     // likewise: ms may set the cas token (flag E)

	opt    Options
	shy    bool // the questions about meta commands are left out
	framer ascii.Framer
	resp   resp.Framer
	reply  ascii.Reply
	out    []byte // scratch: Step.Write

	said       bool     // the password was accepted, or there is none
	introduced bool     // the reply to the first command has arrived
	asking     MetaForm // the form of the meta commands that it is being asked about
	login      int      // replies to the Login so far
	version    string   // version of a Redis
	noMulti    string   // why it refuses MULTI; empty: it does not
}

// Step is what happens next.
type Step struct {
	Err    error  // the server cannot be used; nothing else is set
	Write  []byte // what the server gets now; valid until the next step
	Knocks bool   // Write ends with Knock
	Keep   []byte // the beginning of a reply that has not arrived wholly: part of what was taken
	Need   int    // the size of that reply, if it is known
	Stats  []byte // the reply to Identify: part of what was taken
	Done   bool   // everything was said
}

// Asked reports whether the server was asked about its meta commands in this conversation.
func (t *Talk) Asked() bool { return t.asking != NoMeta }

// Heard reports whether the server has answered anything in this conversation.
func (t *Talk) Heard() bool {
	return t.introduced || t.login > 0 || t.opt.Password != nil && t.said
}

// Version returns the version of a Redis, as of the last conversation, or "" if it does not tell.
func (t *Talk) Version() string { return t.version }

// NoMulti returns why the Redis refuses transactions, in its words, or "" if it takes them.
func (t *Talk) NoMulti() string { return t.noMulti }

// RefusesMulti notes that the Redis has refused MULTI, with an error line.
func (t *Talk) RefusesMulti(line []byte) { t.noMulti = string(resp.ErrorText(line)) }
