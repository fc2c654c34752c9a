package maintenance

import (
	"fmt"
	"slices"

	"magent/internal/config"
)

// Wish is what is to be of one server of a pool.
type Wish struct {
	Pool   string `json:"pool"`
	Server string `json:"server"`          // config.Address.String
	Order  *Order `json:"order,omitempty"` // nil: it is not to be drained
	Stamp  int64  `json:"stamp"`           // that of the order
}

// order returns what a wish is in a list.
func (w *Wish) order() Order {
	o := Order{Ended: true}
	if w.Order != nil {
		o = *w.Order
		o.Ended = false
	}
	o.Pool, o.Server, o.Stamp = w.Pool, w.Server, w.Stamp
	return o
}

// Group is what somebody knows of the servers of keys that he decides for.
type Group struct {
	Pool    string   `json:"pool"`
	Moves   bool     `json:"moves,omitempty"` // keys move when a server is out of use
	Servers []Server `json:"servers"`
}

// Question is what a member is asked.
type Question struct {
	Wishes []Wish `json:"wishes"`
	Do     bool   `json:"do,omitempty"`    // carry them out; else only say what is
	Force  bool   `json:"force,omitempty"` // although keys are lost
}

// Answer is that of a member.
type Answer struct {
	Refused string          `json:"refused,omitempty"` // why it does not do it; nothing has changed there
	Known   []Group         `json:"known,omitempty"`   // of the pools in the wishes, before they are carried out
	Drained []*config.Drain `json:"drained,omitempty"` // by wish, likewise: how it is drained there; nil: it is not
	Orders  List            `json:"orders,omitempty"`  // all that are known there; nothing once they are carried out
}

// Report returns what a process knows of the servers of the pools that are in wishes. It says so for each part of them
// that it decides for. It also returns how each server of the wishes is drained. serversOf returns the servers of the
// pool, or of the part, with an index; nil: another process decides.
func Report(cfgs []*config.Pool, wishes []Wish, moves func(*config.Pool) bool, serversOf func(index int) []Server,
) (known []Group, drained []*config.Drain) {
	for i, cfg := range cfgs {
		whole := cfg
		if cfg != nil && cfg.Of != nil {
			whole = cfg.Of
		}
		if cfg == nil || !slices.ContainsFunc(wishes, func(w Wish) bool { return w.Pool == whole.Name }) {
			continue
		}
		if servers := serversOf(i); servers != nil {
			known = append(known, Group{whole.Name, moves(cfg), servers})
		}
	}
	for _, w := range wishes {
		drained = append(drained, cfgs[indexOf(cfgs, w.Pool)].DrainOf(w.Server))
	}
	return known, drained
}

// Known returns why wishes cannot be carried out: there is no such server.
func Known(cfgs []*config.Pool, wishes []Wish) error {
	for _, w := range wishes {
		i := indexOf(cfgs, w.Pool)
		if i < 0 || !cfgs[i].At(w.Server) {
			return fmt.Errorf("there is no server %s in a pool %q", w.Server, w.Pool)
		}
	}
	return nil
}

// Set returns the list as it is wished. It is the same if nothing is new. No order ends what the file of pools drains.
func (l List) Set(wishes []Wish) (List, error) {
	after := l
	for _, w := range wishes {
		o, known := w.order(), l.of(w.Pool, w.Server)
		switch {
		case o.newer(known):
			after = after.With(o)
		case known.newer(&o):
			return l, fmt.Errorf("another command for %s was newer: look how it is now, and repeat yours", w.Server)
		}
	}
	return after, nil
}

// Uncovered returns why servers should not be drained: one that is to have the other copies of their keys is drained.
func Uncovered(cfgs []*config.Pool, wishes []Wish) error {
	for _, w := range wishes {
		i := indexOf(cfgs, w.Pool)
		if i < 0 || w.Order == nil || cfgs[i].DrainOf(w.Server) != nil {
			continue
		}
		for _, d := range cfgs[i].Drained {
			if role := cfgs[i].RoleOf(d.Server); role != cfgs[i].RoleOf(w.Server) {
				return fmt.Errorf("%s %s, which has to answer for its keys, is drained", role, d.Server)
			}
		}
	}
	return nil
}
