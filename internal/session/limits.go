package session

// Back-pressure: how much of one client's business may be unfinished before no more is read from it.
const (
	TurnWork     = 64 << 10  // what is done for a client in one turn, see session.spend
	RequestWork  = 512       // for each request
	statsWork    = 8 << 10   // for one that all loops have to be asked for
	WindowBytes  = 4 << 20   // bytes of the replies that are expected, and as many of requests
	WindowUnsent = 512 << 10 // bytes of replies that the client has not fetched, or that wait for one in front of them
	WindowStart  = 4         // keys in flight at first, for their values may be large; each one answered makes room for one more
	windowMax    = 512       // keys in flight at last
)

// MaxUnsent bounds the bytes of replies that clients do not fetch, all clients of a loop together.
const MaxUnsent = 256 << 20

// PieceKeys is the number of keys from which a multi-get is carried out in pieces, one call each. So a client that asks
// for a thousand large values is held to its window like one that asks for them singly. It does not block the servers'
// connections for the others.
const PieceKeys = 32

// What all clients of a pool on a loop have under way together is bounded, so that the servers are not asked for more than they
// can deliver in reasonable time, and others do not wait behind it. What is beyond that is not sent: it waits with its client.
const (
	MaxExpected = 8 << 20   // bytes on their way, of all clients together
	FairShare   = 64 << 10  // so much a client may have on its way at any time; of small values that is more than its window
	UnknownSize = 128 << 10 // of a reply, as long as none has come
)
