package plan

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"magent/internal/config"
	"magent/internal/placement"
)

// poolOf is a pool of servers whose names are single letters, the primaries in front of the bar.
func poolOf(name, servers string) *config.Pool {
	primaries, backups, _ := strings.Cut(servers, "|")
	p := placement.Lettered([3]string{name, primaries, backups})[0]
	p.Distribution, p.Hash = "ketama", "md5"
	return p
}

// letters are the servers of a pool.
func letters(p *config.Pool) string {
	var text strings.Builder
	for _, a := range p.Servers {
		text.WriteString(a.Host)
	}
	text.WriteByte('|')
	for _, a := range p.Backups {
		text.WriteString(a.Host)
	}
	return text.String()
}

// The file of a member may have primaries and backups the other way round. Then they are changed in the roles that the
// fleet has. A member that has the roles of the fleet changes what its file says.
func TestInRoles(t *testing.T) {
	for _, c := range []struct{ fleet, had, file, wanted, want string }{
		{"ab|cd", "ab|cd", "abe|cd", "", "abe|cd"},
		{"ab|cd", "cd|ab", "cd|abe", "", "abe|cd"},
		{"ab|cd", "cd|ab", "abe|cd", "", "abe|cd"}, // and is as those of the others now
		{"ab|cd", "cd|ab", "ab|cd", "", "ab|cd"},
		{"ab|cd", "ab|cd", "cd|ab", "", "ab|cd"}, // nothing changes
		{"a|b", "a|b", "b|c", "", "b|c"},
		{"a|b", "a|b", "b|c", "c|b", "c|b"},
		{"a|b", "b|a", "c|b", "c|b", "c|b"},
		{"a|b", "a|b", "ac|", "", "ac|"},
		{"", "", "a|b", "", "a|b"}, // a new pool
		{"", "", "a|b", "b|a", "b|a"},
	} {
		of := func(text string) *config.Pool {
			if text == "" {
				return nil
			}
			return poolOf("main", text)
		}
		var wanted []string
		if c.wanted != "" {
			wanted = []string{TextOf(of(c.wanted))}
		}
		if got := letters(inRolesOf(of(c.fleet), of(c.had), of(c.file), wanted)); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

// parse are pools such as "x:a|b y:c|d".
func parse(text string) (pools []*config.Pool) {
	for one := range strings.FieldsSeq(text) {
		name, servers, _ := strings.Cut(one, ":")
		pools = append(pools, poolOf(name, servers))
	}
	return pools
}

// Whole pools come, go, get other names and another order. Each successor says whose keys it gets, who leaves what is
// known of which server to it, and to which servers keys move.
func TestMake(t *testing.T) {
	for name, c := range map[string]struct{ had, fleet, file, wanted, want string }{
		"nothing": {"x:a|b", "", "x:a|b", "", "0 x:a|b same; gone []"},
		"one is added": {
			"x:a|b", "", "x:a|b y:c|d", "",
			"0 x:a|b same; -1 y:c|d from -1; gone []",
		},
		"one is added in front": {
			"x:a|b", "", "y:c|d x:a|b", "",
			"-1 y:c|d from -1; 0 x:a|b same; gone []",
		},
		"one is removed": {"x:a|b y:c|d", "", "y:c|d", "", "1 y:c|d same; gone [0]"},
		"one is renamed": {
			"x:a|b y:c|d", "", "x:a|b z:c|d", "",
			"0 x:a|b same; -1 z:c|d from 1 left 1.c 1.d; gone [1]",
		},
		"renamed, with a new server": {
			"x:a|b", "", "z:ac|b", "",
			"-1 z:ac|b from 0 left 0.a 0.b moves 1; gone [0]",
		},
		"two change names": {
			"x:a|b y:c|d", "", "x:c|d y:a|b", "",
			"0 x:c|d from 1 left 1.c 1.d; 1 y:a|b from 0 left 0.a 0.b; gone []",
		},
		"another order": {"x:a|b y:c|d", "", "y:c|d x:a|b", "", "1 y:c|d same; 0 x:a|b same; gone []"},
		"a server goes over": {
			"x:ac|b", "", "x:a|b y:c|d", "",
			"0 x:a|b from 0 left 0.a 0.b moves 0; -1 y:c|d from 0 left 0.c moves 0 1; gone []",
		},
		"renamed in the roles of the fleet": {
			"x:b|a", "x:a|b", "y:b|a", "",
			"-1 y:a|b as y:b|a from 0 left 0.a 0.b; gone [0]",
		},
		"as others want it": {
			"x:a|b", "", "x:a|b y:d|c", "x:a|b y:c|d",
			"0 x:a|b same; -1 y:c|d as y:d|c from -1; gone []",
		},
		"as others want the changed one": {
			"x:b|a", "x:a|b", "x:bc|a", "x:a|bc",
			"0 x:a|bc as x:bc|a from 0 left 0.a 0.b moves 2; gone []",
		},
	} {
		if c.fleet == "" {
			c.fleet = c.had
		}
		var is []Pool
		had := parse(c.had)
		for i, p := range parse(c.fleet) {
			is = append(is, Pool{i, p, had[i]})
		}
		var wanted []string
		for _, p := range parse(c.wanted) {
			wanted = append(wanted, TextOf(p))
		}
		change, err := Make(is, parse(c.file), wanted, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := told(change); got != c.want {
			t.Errorf("%s:\n%s, want\n%s", name, got, c.want)
		}
		var all []*config.Pool
		for _, s := range change.Pools {
			all = append(all, s.Config)
		}
		if string(change.Text) != Text(all) || len(change.Groups) == 0 {
			t.Errorf("%s: %s, %v", name, change.Text, change.Groups)
		}
	}
}

// Pools may exchange their addresses with their names. So what a member listens at changes with what places keys, but
// for a pool whose certificates change.
func TestAddressesGoOver(t *testing.T) {
	at := func(p *config.Pool, address, cert string) *config.Pool {
		p.Listen, p.TLSCert = []config.Listen{{Address: address}}, cert
		return p
	}
	had := []*config.Pool{
		at(poolOf("x", "a|b"), "1", ""), at(poolOf("y", "c|d"), "2", ""), at(poolOf("z", "e"), "3", ""),
	}
	var is []Pool
	for i, p := range had {
		stale := *p
		stale.Listen = nil // this is of no account
		is = append(is, Pool{i, &stale, p})
	}
	file := []*config.Pool{
		at(poolOf("x", "c|d"), "2", ""), at(poolOf("y", "a|b"), "1", "new"), at(poolOf("z", "e"), "4", ""),
		at(poolOf("new", "f"), "5", "other"),
	}
	change, err := Make(is, file, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range change.Pools {
		got = append(got, s.File.Listen[0].Address)
	}
	if text := strings.Join(got, " "); text != "2 2 4 5" || had[2].Listen[0].Address != "3" {
		t.Errorf("they listen at %s", text)
	}
}

func told(c *Change) string {
	var out []string
	for _, s := range c.Pools {
		is, file := s.Config.Name+":"+letters(s.Config), s.File.Name+":"+letters(s.File)
		text := fmt.Sprint(s.Index, " ", is)
		if is != file {
			text += " as " + file
		}
		if !s.Changed {
			out = append(out, strings.Replace(text, " as "+file, "", 1)+" same")
			continue
		}
		text += fmt.Sprint(" from ", s.From)
		var left []string
		c.Left(s, func(pool int, address string) {
			left = append(left, fmt.Sprint(pool, ".", strings.TrimSuffix(address, ":1")))
		})
		if slices.Sort(left); len(left) > 0 {
			text += " left " + strings.Join(left, " ")
		}
		if s.Moves != nil {
			text += " moves"
			for n := range len(s.Config.Servers) + len(s.Config.Backups) {
				if s.Moves.Gains(n) {
					text += fmt.Sprint(" ", n)
				}
			}
		}
		out = append(out, text)
	}
	return strings.Join(append(out, fmt.Sprint("gone ", c.Gone)), "; ")
}

// What would lose keys is refused, whatever servers are up: so is a file in which the fleet decides for nothing.
func TestMayEver(t *testing.T) {
	for _, c := range []struct{ fleet, file, want string }{
		{"x:a|b", "", "one pool of memcacheds at least"},
		{"x:a|b", "y:ac|b", ""},
		{"x:a|b", "x:ac|bd", "change one of the two lists at a time"},
		{"x:a|b y:c|d", "x:ac|b", ""}, // of a pool that goes
	} {
		var is []Pool
		for i, p := range parse(c.fleet) {
			is = append(is, Pool{i, p, p})
		}
		change, err := Make(is, parse(c.file), nil, nil)
		if err == nil {
			err = change.MayEver()
		}
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s to %s: %v, want %q", c.fleet, c.file, err, c.want)
		}
	}
}
