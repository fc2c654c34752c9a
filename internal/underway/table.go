package underway

// Slot is where a key is noted; 0: nowhere.
type Slot uint32

// overflow is the slot of what found no room. It counts, because nobody knows any more what is under way.
const overflow Slot = 1

// Table is one loop's part of the memory. Only that loop uses it.
type Table struct {
	area
	small, large []Slot // free slots; the last one is used next, as it was used last
	// Where slots begin that were never free: they are reserved when no other is left.
	nextSmall, nextLarge int
	lives                [servers]uint8
}

func newTable(a area) *Table { return &Table{area: a, nextSmall: smallAt, nextLarge: largeAt} }

// more adds the slots of one more chunk, from *next, to a list. There may be none.
func (t *Table) more(list []Slot, next *int, end, size int) []Slot {
	if *next+chunk > end || !t.reserve(*next, chunk) {
		return list
	}
	for at := *next + chunk - size; at >= *next; at -= size {
		list = append(list, Slot(at))
	}
	*next += chunk
	return list
}

// note takes a slot for a body. It keeps nothing of the slice.
func (t *Table) note(k kind, server int, body []byte) (s Slot) {
	short := len(body) <= smallSize-bodyAt
	if short && len(t.small) == 0 {
		t.small = t.more(t.small, &t.nextSmall, largeAt, smallSize)
	}
	if short = short && len(t.small) > 0; !short && len(t.large) == 0 {
		t.large = t.more(t.large, &t.nextLarge, tableSize, largeSize)
	}
	switch n, m := len(t.small), len(t.large); {
	case short:
		s, t.small = t.small[n-1], t.small[:n-1]
	case len(body) <= largeSize-bodyAt && m > 0:
		s, t.large = t.large[m-1], t.large[:m-1]
	default:
		put(t.data, overflowAt, get(t.data, overflowAt)+1)
		return overflow
	}
	at := int(s)
	copy(t.data[at+bodyAt:], body)
	put(t.data, at+4, uint32(server))
	put(t.data, at, word(k, len(body)))
	return s
}

// done frees a slot.
func (t *Table) done(s Slot) {
	switch {
	case s == overflow:
		put(t.data, overflowAt, get(t.data, overflowAt)-1)
		return
	case s >= largeAt:
		t.large = append(t.large, s)
	default:
		t.small = append(t.small, s)
	}
	put(t.data, int(s), 0)
}

// Connected notes the address of a connection to a server, before it carries anything.
func (t *Table) Connected(server int, address string) {
	if t == nil {
		return
	}
	if server >= servers || len(address) > connSize-bodyAt {
		put(t.data, unlistedAt, 1)
		return
	}
	at := connsAt + (server*lives+int(t.lives[server]))*connSize
	if !t.reserve(at, connSize) {
		put(t.data, unlistedAt, 1)
		return
	}
	t.lives[server] = (t.lives[server] + 1) % lives
	putConn(t.data[at:at+connSize], server, address)
}

// putConn fills a place for a connection.
func putConn(place []byte, server int, address string) {
	put(place, 0, 0)
	copy(place[bodyAt:], address)
	put(place, 4, uint32(server))
	put(place, 0, uint32(len(address)))
}

// Part is a table as one pool sees it. A nil Part notes nothing.
type Part struct {
	table   *Table
	numbers []int // by server
}

// NewPart returns the view of a pool whose servers have these numbers; nil: there is no table.
func NewPart(t *Table, numbers []int) *Part {
	if t == nil {
		return nil
	}
	return &Part{t, numbers}
}

// Key notes that a mutation of key is about to be sent, and which server's word counts. The key is borrowed.
func (p *Part) Key(lead int, key []byte) Slot {
	if p == nil {
		return 0
	}
	return p.table.note(isKey, p.numbers[lead], key)
}

// Repair notes that key is about to be repaired from what server lead has.
func (p *Part) Repair(lead int, key []byte) Slot {
	if p == nil || lead < 0 {
		return 0
	}
	return p.table.note(isRepair, p.numbers[lead], key)
}

// Flush notes that a flush_all with this command line is about to be sent to all servers of the pool.
func (p *Part) Flush(line []byte) Slot {
	if p == nil {
		return 0
	}
	return p.table.note(isFlush, p.numbers[0], line)
}

// Done notes that what has this slot is settled.
func (p *Part) Done(s Slot) {
	if s != 0 {
		p.table.done(s)
	}
}

// Connected is Table.Connected.
func (p *Part) Connected(server int, address string) {
	if p != nil {
		p.table.Connected(p.numbers[server], address)
	}
}
