package repair

// Tally counts what was done for the sake of one server.
type Tally struct {
	Repairs    uint64 // dirty keys that were copied to it or deleted there
	Refills    uint64 // keys that it lacked and got
	Avoided    uint64 // reads of keys that are dirty on it, and that therefore went to the other copy
	CasRefused uint64 // compares with a token that another copy, or an earlier run of it, had given out
}

// Tally is what was done for server i; to be read, and set to zero.
func (e *Engine) Tally(i int) *Tally { return &e.tallies[i] }
