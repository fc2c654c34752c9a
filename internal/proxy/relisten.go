package proxy

import (
	"slices"

	"golang.org/x/sys/unix"

	"magent/internal/config"
	"magent/internal/loop"
)

// listenerAt returns the listener with a configured address; nil: there is none.
func listenerAt(all []*listener, address string) *listener {
	if i := slices.IndexFunc(all, func(ln *listener) bool { return ln.cfg.Address == address }); i >= 0 {
		return all[i]
	}
	return nil
}

func (r *reload) undo() { discard(r.bound) }

// discard gives up listeners that have accepted nothing.
func discard(bound []*listener) {
	for _, ln := range bound {
		unix.Close(ln.fd)
		ln.removeSocket()
	}
}

// replaceListeners gives the listeners that stay to their new pools, adds new ones, and closes the others, also those
// that new ones replace. What is bound for a pool that is not there yet stays so.
func (r *reload) replaceListeners() {
	svc := r.svc
	var kept, bound []*listener
	for n, ln := range slices.Concat(svc.listeners, r.bound) {
		isNew := n >= len(svc.listeners)
		pool, cfg, ok := r.poolOf(ln.cfg.Address)
		switch {
		case ok && (isNew || listenerAt(r.bound, ln.cfg.Address) == nil):
			ln.pool, ln.cfg = pool, cfg
			kept = append(kept, ln)
		case isNew:
			bound = append(bound, ln)
		default:
			ln.close()
			ln.removeSocket()
		}
		if ok && isNew {
			if err := ln.sh.L.Register(ln.fd, loop.Readable, ln); err != nil {
				svc.log.Error().AnErr("reason", err).Str("listen", ln.addr.String()).
					Msg("the address accepts no clients")
			}
		}
	}
	for _, ln := range kept {
		ln.equip(r.after[ln.pool])
	}
	svc.listeners, r.bound = kept, bound
}

// poolOf returns the pool that listens on an address, and how.
func (r *reload) poolOf(address string) (index int, how config.Listen, ok bool) {
	for i, cfg := range r.after {
		if cfg == nil {
			continue
		}
		if n := slices.IndexFunc(cfg.Listen, func(l config.Listen) bool { return l.Address == address }); n >= 0 {
			return i, cfg.Listen[n], true
		}
	}
	return 0, config.Listen{}, false
}
