package config

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

func TestParseFleet(t *testing.T) {
	members, err := ParseFleet("a=10.0.0.1:12100, b=cache-2:1,c-3_x.Y=[fd00::1]:65535")
	if err != nil || fmt.Sprint(members) != "[{a 10.0.0.1 12100} {b cache-2 1} {c-3_x.Y fd00::1 65535}]" {
		t.Errorf("%v, %v", members, err)
	}
	if got := members[2].Address(); got != "[fd00::1]:65535" {
		t.Error(got)
	}
	long := strings.Repeat("x", maxFleetName)
	if _, err := ParseFleet("a=h:1," + long + "=h:2"); err != nil {
		t.Error(err)
	}
	for list, want := range map[string]string{
		"":                        "the name or the address is missing",
		"a=h:1":                   "a fleet has two or more",
		"a=h:1,":                  `fleet member "": the name or the address is missing`,
		"a=h:1,a=h:2":             `"a" is there twice: give each member a name of its own`,
		"a=h:1,b=h:1":             `"a" and "b" have the same address, h:1`,
		"a=h:1,h:2":               `fleet member "h:2": the name or the address is missing`,
		"a=h:1,=h:2":              "the name is missing",
		"a=h:1,b c=h:2":           "other characters",
		"a=h:1,b=h":               `fleet member "b=h": the port is missing`,
		"a=h:1,b=:2":              "host",
		"a=h:1,b=h:0":             "port",
		"a=h:1,b=h:65536":         "port",
		"a=h:1,b=h:2:3":           "port",
		"a=h:1," + long + "x=h:2": "more than 32 characters",
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
	members := fleetOf(t, "a=10.0.0.1:1,b=10.0.0.2:1,c=cache-3:1,d=[::ffff:10.0.0.4]:1,e=10.0.0.2:2")
	machine := func(addrs ...string) (all []netip.Addr) {
		for _, a := range addrs {
			all = append(all, netip.MustParseAddr(a))
		}
		return all
	}
	for _, c := range []struct {
		name    string
		machine []netip.Addr
		self    int
		err     string
	}{
		{"c", nil, 2, ""},
		{"b", machine("10.0.0.1"), 1, ""},
		{"", machine("127.0.0.1", "10.0.0.1"), 0, ""},
		{"", machine("10.0.0.4"), 3, ""},
		{"x", nil, 0, `--member "x" is not in --fleet: it has a, b, c, d, e`},
		{"", machine("10.0.0.2"), 0, `"b" and "e" of --fleet both have an address of this machine`},
		{"", machine("10.0.0.9"), 0, "no member of --fleet has an address of this machine"},
	} {
		self, err := FleetSelf(members, c.name, c.machine)
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

func TestWarnFleet(t *testing.T) {
	for list, want := range map[string]string{
		"a=h:1,b=h:2":                   "a fleet of two",
		"a=h:1,b=h:2,c=h:3":             "",
		"a=h:1,b=h:2,c=h:3,d=h:4":       "a fleet of 4 survives the loss of 1, no more than one of 3 does",
		"a=h:1,b=h:2,c=h:3,d=h:4,e=h:5": "",
	} {
		if got := WarnFleet(fleetOf(t, list)); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%s: %q", list, got)
		}
	}
}
