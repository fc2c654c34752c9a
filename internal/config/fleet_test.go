package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestParseFleet(t *testing.T) {
	members, err := ParseFleet("a=10.0.0.1:12100, b=cache-2:1,c-3_x.Y=[fd00::1]:65535/witness")
	if want := []FleetMember{
		{"a", "10.0.0.1", 12100, false}, {"b", "cache-2", 1, false}, {"c-3_x.Y", "fd00::1", 65535, true},
	}; err != nil || !slices.Equal(members, want) {
		t.Errorf("%v, %v", members, err)
	}
	f := Fleet{Members: members, Lease: 1500 * time.Millisecond}
	want := "a=10.0.0.1:12100,b=cache-2:1,c-3_x.Y=[fd00::1]:65535/witness with --fleet-lease 1.5s"
	if got := f.Text(); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if got := members[2].Address(); got != "[fd00::1]:65535" {
		t.Error(got)
	}
	long := strings.Repeat("x", maxFleetName)
	if _, err := ParseFleet("a=h:1," + long + "=h:2"); err != nil {
		t.Error(err)
	}
	for list, want := range map[string]string{
		"":                            "the name or the address is missing",
		"a=h:1":                       "a fleet has two or more",
		"a=h:1,":                      `member "": the name or the address is missing`,
		"a=h:1,a=h:2":                 `"a" is there twice: give each member a name of its own`,
		"a=h:1,b=h:1":                 `"a" and "b" have the same address, h:1`,
		"a=h:1,h:2":                   `member "h:2": the name or the address is missing`,
		"a=h:1,=h:2":                  "the name is missing",
		"a=h:1,b c=h:2":               "other characters",
		"a=h:1,b=h":                   `member "b=h": the port is missing`,
		"a=h:1,b=:2":                  "host",
		"a=h:1,b=h:0":                 "port",
		"a=h:1,b=h:65536":             "port",
		"a=h:1,b=h:2:3":               "port",
		"a=h:1,b=h:2/observer":        `member "b=h:2/observer": /observer is unknown behind an address; write`,
		"a=h:1,b=h:2/":                "/ is unknown",
		"a=h:1/witness,b=h:2/witness": "has witnesses only",
		"a=h:1," + long + "x=h:2":     "more than 32 characters",
	} {
		_, err := ParseFleet(list)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v", list, err)
		}
	}
	var many []string
	for i := range maxFleet + 1 {
		many = append(many, fmt.Sprintf("m%d=h:%d", i, i+1))
	}
	if _, err := ParseFleet(strings.Join(many[:maxFleet], ",")); err != nil {
		t.Error(err)
	}
	_, err = ParseFleet(strings.Join(many, ","))
	if err == nil || !strings.Contains(err.Error(), "10 members are too many") {
		t.Error(err)
	}
}

func fleetOf(t *testing.T, list string) []FleetMember {
	t.Helper()
	members, err := ParseFleet(list)
	if err != nil {
		t.Fatal(err)
	}
	return members
}

func TestFleetSelf(t *testing.T) {
	members := fleetOf(t,
		"a=10.0.0.1:1,b=10.0.0.2:1,c=cache-3:1,d=[::ffff:10.0.0.4]:1,e=10.0.0.2:2,w=10.0.0.1:2/witness")
	machine := func(addrs ...string) (all []netip.Addr) {
		for _, a := range addrs {
			all = append(all, netip.MustParseAddr(a))
		}
		return all
	}
	for _, c := range []struct {
		name    string
		witness bool
		machine []netip.Addr
		self    int
		err     string
	}{
		{"c", false, nil, 2, ""},
		{"w", true, nil, 5, ""},
		{"", true, machine("10.0.0.1"), 5, ""},
		{"w", false, nil, 0, `--member "w" is a witness in --fleet: start it as magent witness, or leave`},
		{"b", true, nil, 0, `"b" is no witness in --fleet: write b=10.0.0.2:1/witness on all members, or start it as`},
		{"", true, machine("10.0.0.2"), 0, "no witness of --fleet has an address of this machine"},
		{"b", false, machine("10.0.0.1"), 1, ""},
		{"", false, machine("127.0.0.1", "10.0.0.1"), 0, ""},
		{"", false, machine("10.0.0.4"), 3, ""},
		{"x", false, nil, 0, `--member "x" is not in --fleet: it has a, b, c, d, e, w`},
		{"", false, machine("10.0.0.2"), 0, `"b" and "e" of --fleet both have an address of this machine`},
		{"", false, machine("10.0.0.9"), 0, "no member of --fleet has an address of this machine"},
	} {
		self, err := FleetSelf(members, c.name, c.witness, c.machine)
		if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) || self != c.self {
			t.Errorf("%+v: %d, %v", c, self, err)
		}
	}
}

func TestFleetNeedsSecret(t *testing.T) {
	for list, want := range map[string]string{
		"a=127.0.0.1:1,b=127.8.9.1:2,c=[::1]:3,d=localhost:4": "",
		"a=127.0.0.1:1,b=10.0.0.1:2":                          "b=10.0.0.1:2, not on loopback",
		"a=127.0.0.1:1,b=cache-2:2":                           "b=cache-2:2, not on loopback",
	} {
		err := FleetNeedsSecret(fleetOf(t, list))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", list, err)
		}
	}
}

func TestFleetLimits(t *testing.T) {
	for list, want := range map[string]string{
		"a=h:1,b=h:2": "a fleet of two stops when a host, or the network between them, is lost without a sign: " +
			"add a witness: `magent witness --fleet a=h:1,b=h:2,w=HOST:1/witness --member w --state-dir DIR` on " +
			"another HOST, and the same --fleet for all",
		"w=h:1,b=h:2":                   "w=h:1,b=h:2,ww=HOST:1/witness --member ww",
		"a=h:1,b=h:2,c=h:3":             "",
		"a=h:1,b=h:2,c=h:3,d=h:4":       "a fleet of 4 survives the loss of 1, no more than one of 3 does",
		"a=h:1,b=h:2,c=h:3,d=h:4,e=h:5": "",
	} {
		f := &Fleet{Members: fleetOf(t, list)}
		if got := f.Limits(); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%s: %q", list, got)
		}
	}
}
