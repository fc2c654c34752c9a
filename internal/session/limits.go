package session

// Back-pressure: how much of one client's work may be unfinished before no more is read from it.
const (
	turnWork     = 64 << 10  // work for a client in one turn (turn.go)
	requestWork  = 512       // what each request counts of it, beside its bytes
	statsWork    = 8 << 10   // the same for a request for which all loops are asked
	windowBytes  = 4 << 20   // bytes of the replies that are expected, and as many of requests
	windowUnsent = 512 << 10 // bytes of replies that the client has not read, or that wait in its line

	// WindowStart is how many keys may be in flight at first, because their values may be large. Each answer makes
	// room for one more, up to windowMax.
	WindowStart = 4
	windowMax   = 512
)

// maxUnsent bounds the bytes of replies that clients have not read, for all clients of a loop together.
const maxUnsent = 256 << 20

// The same for a link, which carries the requests of all clients of another member's loop. That member has held each
// of them to its window, and all of them to maxExpected.
const (
	linkWork    = 512 << 10 // work in one turn
	linkPending = 64 << 10  // keys in flight
	linkBytes   = 64 << 20  // bytes of their requests
	linkUnsent  = 16 << 20  // bytes of replies that the member has not read, or that wait in the line
)

// pieceKeys is the largest number of keys of a multi-get that are asked for in one call. A longer multi-get is split
// into pieces. So a client that asks for a thousand large values is held to its window, like a client that asks for
// them singly. It does not block the servers' connections for others.
const pieceKeys = 32

// What all clients of a pool on a loop have under way together is bounded. So the servers are not asked for more than
// they can deliver in reasonable time, and others need not wait for it. A request beyond that is not sent; it waits
// with its client.
const (
	maxExpected = 8 << 20   // bytes under way, of all clients of the pool
	fairShare   = 64 << 10  // bytes that a client may always have under way; more than its window of small values
	unknownSize = 128 << 10 // bytes of a reply for a value, as long as none has come
)

// maxKeptLine is the largest scratch buffer that a shard keeps. A client can make it as large as a value.
const maxKeptLine = 64 << 10
