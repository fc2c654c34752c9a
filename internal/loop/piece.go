package loop

// Owner keeps bytes as they are for those who hold it.
type Owner interface {
	// Hold adds one who needs the bytes.
	Hold()
	// Release takes away one who needed them, and has held the owner before.
	Release()
}

// Piece is bytes that stay as they are as long as it is held.
type Piece struct {
	Data  []byte
	Owner Owner // of Data; nil: it is left to the garbage collector, and nobody ever changes it
}

// Hold adds one who needs the piece.
func (p Piece) Hold() {
	if p.Owner != nil {
		p.Owner.Hold()
	}
}

// Release takes away one who has held the piece.
func (p Piece) Release() {
	if p.Owner != nil {
		p.Owner.Release()
	}
}

// shared is a large buffer with several users: the Owner of its bytes.
type shared struct {
	pool  *Pool
	b     []byte // nil: there are no users any more
	users int    // > 0 as long as anybody may read b; what is 0 stays 0
}

// share returns an owner for a large buffer of p, which is held once.
func (p *Pool) share(b []byte) *shared {
	p.lent++
	return &shared{pool: p, b: b, users: 1}
}

func (s *shared) Hold() {
	if s.users <= 0 {
		panic("loop: a buffer is held that is free")
	}
	s.users++
}

func (s *shared) Release() {
	s.users--
	if s.users < 0 {
		panic("loop: a buffer has lost more users than it had")
	}
	if s.users == 0 {
		s.pool.lent--
		s.pool.Put(s.b)
		s.b = nil
	}
}
