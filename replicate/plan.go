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
	planDrop                 // delete on both copies, and answer with an error line (Engine.Drop)
)

// elsewhere returns when a request may be sent to the other copy because the first one cannot be asked or has failed.
func (p plan) elsewhere() call.Elsewhere {
	switch p {
	case planRead, planRetrieve: // a gat that is carried out twice sets the same time twice
		return call.Always
	case planCompare: // and only if the lead is down: the token means nothing to the other copy
		return call.Unsent
	}
	return call.Never // both copies, or all servers, are asked anyway
}

// metaMutates are the flags that make mg change an item: T touches, N vivifies, R takes the recache win, E sets the
// cas.
const metaMutates = "TNRE"

// planOf returns the plan of a request. Requests that the proxy answers itself (version, ...) have none.
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
