package status

import (
	"fmt"
	"strings"
	"time"

	"magent/internal/stats"
)

// Fleet is what a member knows of its fleet.
type Fleet struct {
	Name       string        `json:"name"`
	Witness    bool          `json:"witness"`
	Generation uint64        `json:"generation"`
	Epoch      uint64        `json:"epoch"`
	Changed    time.Time     `json:"changed,omitzero"`
	Reason     string        `json:"reason"`
	In         bool          `json:"in"`
	Ready      bool          `json:"ready"` // it decides, or knows who does
	Alone      bool          `json:"alone"` // nobody else takes part
	LeaseLeft  float64       `json:"lease_left_seconds"`
	Takeovers  uint64        `json:"takeovers"`
	Forwarded  uint64        `json:"forwarded"`
	Records    uint64        `json:"records_waiting"`
	Backwards  uint64        `json:"clock_backwards"`
	Members    []FleetMember `json:"members"`
	Groups     []FleetGroup  `json:"groups"`
	Limits     string        `json:"limits,omitempty"` // what a fleet of this size does not survive
}

// FleetMember is an entry of --fleet.
type FleetMember struct {
	Name        string   `json:"name"`
	Address     string   `json:"address"`
	Witness     bool     `json:"witness"`
	State       string   `json:"state"`
	Left        bool     `json:"left"`
	Incarnation uint64   `json:"incarnation,string"` // too large for a number of JavaScript
	Heard       bool     `json:"heard"`
	Links       int      `json:"links"`
	Trouble     string   `json:"trouble,omitempty"`
	Refused     string   `json:"refused,omitempty"`
	Owns        []string `json:"owns"`
}

// FleetGroup is a set of keys that are decided together.
type FleetGroup struct {
	Name  string `json:"name"`
	Home  string `json:"home,omitempty"`
	Owner string `json:"owner"` // empty: nobody
}

// newFleet returns nil if there is no fleet.
func newFleet(f *stats.Fleet) *Fleet {
	if f == nil {
		return nil
	}
	out := &Fleet{
		Name: f.Name, Witness: f.Witness, Generation: f.Generation, Epoch: f.Epoch, Changed: f.Changed,
		Reason: f.Reason, In: f.In, Ready: len(f.Unready()) == 0, Alone: f.Alone(), LeaseLeft: f.LeaseLeft.Seconds(),
		Takeovers: f.Takeovers, Forwarded: f.Forwarded, Records: f.Records, Backwards: f.Backwards,
		Limits:  f.Limits,
		Members: []FleetMember{}, Groups: []FleetGroup{},
	}
	for _, m := range f.Members {
		member := FleetMember{
			Name: m.Name, Address: m.Address, Witness: m.Witness, State: m.State, Left: m.Left,
			Incarnation: m.Incarnation, Heard: m.Heard, Links: m.Links, Trouble: m.Trouble, Refused: m.Refused,
			Owns: []string{},
		}
		for _, g := range f.Groups {
			if g.Owner == m.Name {
				member.Owns = append(member.Owns, g.Name)
			}
		}
		out.Members = append(out.Members, member)
	}
	for _, g := range f.Groups {
		out.Groups = append(out.Groups, FleetGroup{Name: g.Name, Home: g.Home, Owner: g.Owner})
	}
	return out
}

// decides says, in words, who decides for a primary of a pool in place of this member, and whether he can be asked.
func (f *Fleet) decides(pool, server string) (text string, well bool) {
	owner := ""
	for _, g := range f.Groups {
		if g.Name == pool+"/"+server || g.Name == pool {
			owner = g.Owner
		}
	}
	for _, m := range f.Members {
		switch {
		case m.Name != owner:
		case owner == f.Name:
			return owner + " may not decide now", false
		case !m.Heard:
			return owner + " is not heard", false
		default:
			return owner + " decides", true
		}
	}
	return "nobody decides", false
}

// owners says who decides, in a sentence.
func (f *Fleet) owners() string {
	var texts []string
	for _, m := range f.Members {
		switch len(m.Owns) {
		case 0:
		case len(f.Groups):
			return m.Name + " decides."
		default:
			texts = append(texts, fmt.Sprintf("%s decides for %s", m.Name, strings.Join(m.Owns, ", ")))
		}
	}
	if len(texts) == 0 {
		return "Nobody decides now."
	}
	return strings.Join(texts, "; ") + "."
}

// about is a line about the view.
func (f *Fleet) about() string {
	if f.Epoch == 0 {
		return "no view yet"
	}
	if f.Changed.IsZero() { // it was agreed on before this member took part
		return fmt.Sprintf("view %d: %s", f.Epoch, f.Reason)
	}
	return fmt.Sprintf("view %d since %s: %s", f.Epoch, f.Changed.Format(eventTime), f.Reason)
}
