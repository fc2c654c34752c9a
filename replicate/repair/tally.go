package repair

// Tally counts events of one server.
type Tally struct {
	Repairs    uint64 // dirty keys that were copied to it or deleted on it
	Refills    uint64 // keys that it lacked and got
	Avoided    uint64 // reads that went to the other copy because the key is dirty on this server
	CasRefused uint64 // compares with a token of the other copy, or of an earlier run of this server
}
