package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Fleet is what --fleet and the flags beside it say. Members, and Lease, are the same on all members.
type Fleet struct {
	Members []FleetMember
	Self    int    // which of them this process is
	Secret  []byte // what the file of --fleet-secret-file has; nil: there is none
	Alone   FleetAlone
	Lease   time.Duration
}

// Text is what all members have to have in common: the list and the lease. Members compare it when they connect.
func (f *Fleet) Text() string {
	var entries []string
	for _, m := range f.Members {
		entries = append(entries, m.String())
	}
	return strings.Join(entries, ",") + " with --fleet-lease " + f.Lease.String()
}

// FleetAlone says what one of two members does when the other is silent and not proven to be dead.
type FleetAlone string

// The values of --fleet-alone.
const (
	AloneProven FleetAlone = "proven" // it stops deciding
	AloneVIP    FleetAlone = "vip"    // it goes on if this machine has the address of --vip
	AloneAlways FleetAlone = "always" // it goes on
)

// FleetMember is an entry of --fleet.
type FleetMember struct {
	Name    string
	Host    string // a name or an IP address, without brackets
	Port    int
	Witness bool // it votes and carries nothing: magent witness
}

// witnessMark stands behind the address of a witness.
const witnessMark = "/witness"

// String is the entry as --fleet has it.
func (m FleetMember) String() string {
	entry := m.Name + "=" + m.Address()
	if m.Witness {
		entry += witnessMark
	}
	return entry
}

// Address is where the member is connected to by the others.
func (m FleetMember) Address() string {
	return Address{Network: "tcp", Host: m.Host, Port: m.Port}.String()
}

// The bounds of --fleet-lease. A tenth of it lies between two messages to each of the others.
const (
	MinFleetLease = 500 * time.Millisecond
	MaxFleetLease = time.Minute
)

// maxFleet is how many members a fleet has at most: all of them wait for each other.
const maxFleet = 9

// maxFleetName is how long a member's name is at most.
const maxFleetName = 32

const fleetForm = "write NAME=HOST:PORT,... with each member once, /witness behind the address of a witness, " +
	"the same on all of them"

// ParseFleet reads the value of --fleet. Ports and names have to be there.
func ParseFleet(list string) ([]FleetMember, error) {
	var members []FleetMember
	for entry := range strings.SplitSeq(list, ",") {
		m, f := parseFleetMember(strings.TrimSpace(entry))
		if f != nil {
			return nil, f.of("member", strings.TrimSpace(entry), fleetForm)
		}
		for _, other := range members {
			switch {
			case other.Name == m.Name:
				return nil, fmt.Errorf("%q is there twice: give each member a name of its own", m.Name)
			case other.Address() == m.Address():
				return nil, fmt.Errorf("%q and %q have the same address, %s: give each member one of its own",
					other.Name, m.Name, m.Address())
			}
		}
		members = append(members, m)
	}
	carries := func(m FleetMember) bool { return !m.Witness }
	switch n := len(members); {
	case n > 1 && !slices.ContainsFunc(members, carries):
		return nil, fmt.Errorf("%q has witnesses only: nobody would serve, so name the magents, too", list)
	case n < 2:
		return nil, fmt.Errorf("%q has one member: a fleet has two or more, and a magent alone needs no --fleet", list)
	case n > maxFleet:
		return nil, fmt.Errorf("%d members are too many: a fleet has %d at most", n, maxFleet)
	}
	return members, nil
}

func parseFleetMember(entry string) (m FleetMember, f *flaw) {
	name, address, found := strings.Cut(entry, "=")
	if !found {
		return m, &flaw{problem: "the name or the address is missing"}
	}
	if f := checkFleetName(name); f != nil {
		return m, f
	}
	address, role, marked := strings.Cut(address, "/")
	if marked && "/"+role != witnessMark {
		return m, &flaw{problem: fmt.Sprintf("/%s is unknown behind an address", role)}
	}
	host, rest, f := splitHost(address)
	if f == nil {
		f = checkHost(host)
	}
	if f == nil && rest == "" {
		f = &flaw{problem: "the port is missing"}
	}
	if f != nil {
		return m, f
	}
	port, f := parseNumber("port", rest[1:], 65535)
	return FleetMember{name, host, port, marked}, f
}

// checkFleetName allows what stands in stats and in the log without quotes.
func checkFleetName(name string) *flaw {
	const allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."
	strange := func(r rune) bool { return !strings.ContainsRune(allowed, r) }
	switch {
	case name == "":
		return &flaw{problem: "the name is missing"}
	case len(name) > maxFleetName:
		return &flaw{problem: fmt.Sprintf("the name has more than %d characters", maxFleetName)}
	case strings.ContainsFunc(name, strange):
		return &flaw{problem: "the name has other characters than letters, digits, '-', '_' and '.'"}
	}
	return nil
}

// FleetSelf finds this process in the list: by its name, or, if that is empty, by the addresses of the machine. A
// host that is given by name is nobody's address here: whoever uses names gives --member, too. witness says whether
// this process is a witness, which the list has to say as well.
func FleetSelf(members []FleetMember, name string, witness bool, machine []netip.Addr) (self int, err error) {
	if name == "" {
		return fleetSelfByAddress(members, witness, machine)
	}
	self = slices.IndexFunc(members, func(m FleetMember) bool { return m.Name == name })
	switch {
	case self < 0:
		return 0, fmt.Errorf("--member %q is not in --fleet: it has %s", name, fleetNames(members))
	case members[self].Witness && !witness:
		return 0, fmt.Errorf("--member %q is a witness in --fleet: start it as magent witness, or leave %s out there",
			name, witnessMark)
	case !members[self].Witness && witness:
		return 0, fmt.Errorf("--member %q is no witness in --fleet: write %s%s on all members, or start it as magent",
			name, members[self], witnessMark)
	}
	return self, nil
}

func fleetSelfByAddress(members []FleetMember, witness bool, machine []netip.Addr) (self int, err error) {
	self = -1
	for i, m := range members {
		addr, err := netip.ParseAddr(m.Host)
		if err != nil || m.Witness != witness || !slices.Contains(machine, addr.Unmap()) {
			continue
		}
		if self >= 0 {
			return 0, fmt.Errorf("%q and %q of --fleet both have an address of this machine: add --member NAME",
				members[self].Name, m.Name)
		}
		self = i
	}
	if self < 0 {
		what := "member"
		if witness {
			what = "witness"
		}
		return 0, fmt.Errorf("no %s of --fleet has an address of this machine: add --member NAME, with one of %s",
			what, fleetNames(members))
	}
	return self, nil
}

func fleetNames(members []FleetMember) string {
	var names []string
	for _, m := range members {
		names = append(names, m.Name)
	}
	return strings.Join(names, ", ")
}

// FleetNeedsSecret returns an error if a member can be reached from other machines, so that the links need a secret.
func FleetNeedsSecret(members []FleetMember) error {
	for _, m := range members {
		addr, err := netip.ParseAddr(m.Host)
		if local := m.Host == "localhost" || err == nil && addr.Unmap().IsLoopback(); !local {
			return fmt.Errorf("--fleet has %s=%s, not on loopback: give all members the same --fleet-secret-file",
				m.Name, m.Address())
		}
	}
	return nil
}

// Limits says what a fleet of this size does not survive; empty: nothing that one more member would change.
func (f *Fleet) Limits() string {
	n := len(f.Members)
	if n%2 == 1 {
		return ""
	}
	if n == 2 && f.Alone == AloneAlways {
		return "when the network between the two is lost, both go on, and clients of one do not see what those of " +
			"the other write: add a witness: " + f.addWitness()
	}
	if n == 2 {
		return "a fleet of two stops when a host, or the network between them, is lost without a sign: add a " +
			"witness: " + f.addWitness()
	}
	return fmt.Sprintf("a fleet of %d survives the loss of %d, no more than one of %d does: add a witness: %s",
		n, n/2-1, n-1, f.addWitness())
}

// addWitness says how a witness is added. HOST and DIR are left to the reader.
func (f *Fleet) addWitness() string {
	w := FleetMember{Name: "w", Host: "HOST", Port: f.Members[0].Port, Witness: true}
	for slices.ContainsFunc(f.Members, func(m FleetMember) bool { return m.Name == w.Name }) {
		w.Name += "w"
	}
	var list []string
	for _, m := range append(slices.Clone(f.Members), w) {
		list = append(list, m.String())
	}
	command := "magent witness --fleet " + strings.Join(list, ",") + " --member " + w.Name + " --state-dir DIR"
	if f.Secret != nil {
		command += " --fleet-secret-file FILE"
	}
	return "`" + command + "` on another HOST, and the same --fleet for all"
}
