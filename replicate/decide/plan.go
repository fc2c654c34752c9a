package decide

import (
	"magent/ascii"
	"magent/internal/call"
)

// Plan is the way in which a request is carried out.
type Plan uint8

const (
	PlanRead     Plan = iota // one key, one copy
	PlanRetrieve             // keys of several servers, or keys whose backups are to be touched
	PlanMutate               // both copies in parallel
	PlanCompare              // the lead first; the other copy when that has Succeeded
	PlanFlush                // every server
	PlanDrop                 // delete on both copies, and answer with an error line (Engine.Drop)
)

// Elsewhere returns when a request may be sent to the other copy because the first one cannot be asked or has failed.
func (p Plan) Elsewhere() call.Elsewhere {
	switch p {
	case PlanRead, PlanRetrieve: // a gat that is carried out twice sets the same time twice
		return call.Always
	case PlanCompare: // and only if the lead is down: the token means nothing to the other copy
		return call.Unsent
	}
	return call.Never // both copies, or all servers, are asked anyway
}

// metaMutates are the flags that make mg change an item: T touches, N vivifies, R takes the recache win, E sets the
// cas.
const metaMutates = "TNRE"

// PlanOf returns the plan of a request. Requests that the proxy answers itself (version, ...) have none.
func PlanOf(r *ascii.Request) Plan {
	switch r.Op {
	case ascii.OpGet, ascii.OpGets:
		if r.NumKeys > 1 {
			return PlanRetrieve
		}
		return PlanRead
	case ascii.OpGat, ascii.OpGats:
		return PlanRetrieve
	case ascii.OpMetaGet:
		for i := range len(metaMutates) {
			if r.Meta.Has(metaMutates[i]) {
				return PlanMutate
			}
		}
		return PlanRead
	case ascii.OpMetaDebug:
		return PlanRead
	case ascii.OpCAS:
		return PlanCompare
	case ascii.OpMetaSet, ascii.OpMetaDelete, ascii.OpMetaArith:
		if r.Meta.Has('C') {
			return PlanCompare
		}
		return PlanMutate
	case ascii.OpFlushAll:
		return PlanFlush
	}
	return PlanMutate
}
