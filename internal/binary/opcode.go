package binary

// Opcode is a command of a client.
type Opcode uint8

// The commands, as in memcached's protocol_binary.h. Those with a Q are quiet: what is expected of them is not
// answered.
const (
	Get        Opcode = 0x00
	Set        Opcode = 0x01
	Add        Opcode = 0x02
	Replace    Opcode = 0x03
	Delete     Opcode = 0x04
	Increment  Opcode = 0x05
	Decrement  Opcode = 0x06
	Quit       Opcode = 0x07
	Flush      Opcode = 0x08
	GetQ       Opcode = 0x09
	Noop       Opcode = 0x0a
	Version    Opcode = 0x0b
	GetK       Opcode = 0x0c
	GetKQ      Opcode = 0x0d
	Append     Opcode = 0x0e
	Prepend    Opcode = 0x0f
	Stat       Opcode = 0x10
	SetQ       Opcode = 0x11
	AddQ       Opcode = 0x12
	ReplaceQ   Opcode = 0x13
	DeleteQ    Opcode = 0x14
	IncrementQ Opcode = 0x15
	DecrementQ Opcode = 0x16
	QuitQ      Opcode = 0x17
	FlushQ     Opcode = 0x18
	AppendQ    Opcode = 0x19
	PrependQ   Opcode = 0x1a
	Verbosity  Opcode = 0x1b
	Touch      Opcode = 0x1c
	GAT        Opcode = 0x1d
	GATQ       Opcode = 0x1e
	SASLList   Opcode = 0x20
	SASLAuth   Opcode = 0x21
	SASLStep   Opcode = 0x22
	GATK       Opcode = 0x23
	GATKQ      Opcode = 0x24
	numOpcodes        = 0x25
)

// form is what a command has beside its header.
type form struct {
	known bool
	base  Opcode // the command that is not quiet
	extra uint8  // bytes of extras
	less  bool   // or none
	key   need
	value need
}

type need uint8

const (
	none need = iota
	some
	maybe
)

// forms lists the commands.
var forms = [numOpcodes]form{
	Get: {true, Get, 0, false, some, none}, GetQ: {true, Get, 0, false, some, none},
	GetK: {true, GetK, 0, false, some, none}, GetKQ: {true, GetK, 0, false, some, none},
	Set: {true, Set, 8, false, some, maybe}, SetQ: {true, Set, 8, false, some, maybe},
	Add: {true, Add, 8, false, some, maybe}, AddQ: {true, Add, 8, false, some, maybe},
	Replace: {true, Replace, 8, false, some, maybe}, ReplaceQ: {true, Replace, 8, false, some, maybe},
	Append: {true, Append, 0, false, some, maybe}, AppendQ: {true, Append, 0, false, some, maybe},
	Prepend: {true, Prepend, 0, false, some, maybe}, PrependQ: {true, Prepend, 0, false, some, maybe},
	Delete: {true, Delete, 0, false, some, none}, DeleteQ: {true, Delete, 0, false, some, none},
	Increment: {true, Increment, 20, false, some, none}, IncrementQ: {true, Increment, 20, false, some, none},
	Decrement: {true, Decrement, 20, false, some, none}, DecrementQ: {true, Decrement, 20, false, some, none},
	Touch: {true, Touch, 4, false, some, none},
	GAT:   {true, GAT, 4, false, some, none}, GATQ: {true, GAT, 4, false, some, none},
	GATK: {true, GATK, 4, false, some, none}, GATKQ: {true, GATK, 4, false, some, none},
	Quit: {true, Quit, 0, false, none, none}, QuitQ: {true, Quit, 0, false, none, none},
	Flush: {true, Flush, 4, true, none, none}, FlushQ: {true, Flush, 4, true, none, none},
	Noop: {true, Noop, 0, false, none, none}, Version: {true, Version, 0, false, none, none},
	SASLList: {true, SASLList, 0, false, none, none},
	SASLAuth: {true, SASLAuth, 0, false, some, maybe}, SASLStep: {true, SASLStep, 0, false, some, maybe},
	Stat: {true, Stat, 0, false, maybe, none}, Verbosity: {true, Verbosity, 4, true, none, none},
}

func formOf(op Opcode) form {
	if op < numOpcodes {
		return forms[op]
	}
	return form{}
}

// stores reports whether the command has a value.
func (op Opcode) stores() bool { return formOf(op).value != none }

// Authenticates reports whether the command is about who the client is. It has no equivalent in text.
func (op Opcode) Authenticates() bool { return op >= SASLList && op <= SASLStep }

// retrieves reports whether a reply to the command has a value, or none because the key is not there.
func (op Opcode) retrieves() bool {
	switch op {
	case Get, GetK, GAT, GATK:
		return true
	}
	return false
}

// Echoes reports whether the reply names the key.
func (op Opcode) Echoes() bool { return op == GetK || op == GATK }

// fits reports whether a request has the lengths that its command wants.
func (f form) fits(extras, key, value int) bool {
	if extras != int(f.extra) && !(f.less && extras == 0) {
		return false
	}
	return f.key.fits(key) && f.value.fits(value)
}

func (n need) fits(length int) bool { return n == maybe || (n == some) == (length > 0) }
