package replicate

import (
	"magent/ascii"
	"magent/internal/call"
)

// plan is the way in which a request is carried out.
type plan uint8

const (
	planRead     plan = iota // one key, one copy
	planRetrieve             // keys of several servers, or keys whose backups are to be touched
	planMutate               // both copies in parallel
	planCompare              // the lead first; the other copy when that has succeeded
	planFlush                // every server
	planDrop                 // delete on both, to answer with a line of our own
)

// elsewhere says when the other copy may be asked for a request in place of the one that was to be asked, or was
// asked in vain.
func (p plan) elsewhere() call.Elsewhere {
	switch p {
	case planRead, planRetrieve: // a gat gives the same time twice
		return call.Always
	case planCompare: // and only where the lead is out of use: the token means nothing to another copy
		return call.Unsent
	}
	return call.Never // both copies, or all servers, are asked
}

// metaMutates are the flags that make mg change an item: T touches, N vivifies, R takes the recache win, E sets the
// cas.
const metaMutates = "TNRE"

// planOf says how a request is carried out. Requests that the proxy answers by itself (version, ...) do not come
// here.
func planOf(r *ascii.Request) plan {
	switch r.Op {
	case ascii.OpGet, ascii.OpGets:
		if r.NumKeys > 1 {
			return planRetrieve
		}
		return planRead
	case ascii.OpGat, ascii.OpGats:
		return planRetrieve
	case ascii.OpMetaGet:
		for i := range len(metaMutates) {
			if r.Meta.Has(metaMutates[i]) {
				return planMutate
			}
		}
		return planRead
	case ascii.OpMetaDebug:
		return planRead
	case ascii.OpCAS:
		return planCompare
	case ascii.OpMetaSet, ascii.OpMetaDelete, ascii.OpMetaArith:
		if r.Meta.Has('C') {
			return planCompare
		}
		return planMutate
	case ascii.OpFlushAll:
		return planFlush
	}
	return planMutate
}
