package config

import (
	"strconv"
	"strings"
	"testing"
)

func TestParseAddress(t *testing.T) {
	tcp := func(host string, port, weight int) Address {
		return Address{Network: "tcp", Host: host, Port: port, Weight: weight}
	}
	unix := func(path string, weight int) Address {
		return Address{Network: "unix", Path: path, Weight: weight}
	}
	for _, c := range []struct {
		in     string
		want   Address
		text   string
		ring   string
		magent string
	}{
		{"10.0.0.1", tcp("10.0.0.1", 11211, 1), "10.0.0.1:11211", "10.0.0.1", "10.0.0.1-11211"},
		{"10.0.0.1:11212", tcp("10.0.0.1", 11212, 1), "10.0.0.1:11212", "10.0.0.1:11212", "10.0.0.1-11212"},
		{"10.0.0.1:11211:3", tcp("10.0.0.1", 11211, 3), "10.0.0.1:11211", "10.0.0.1", "10.0.0.1-11211"},
		{
			"cache-1.example_x.net", tcp("cache-1.example_x.net", 11211, 1), "cache-1.example_x.net:11211",
			"cache-1.example_x.net", "cache-1.example_x.net-11211",
		},
		{"Host.:1:1000000", tcp("Host.", 1, 1000000), "Host.:1", "Host.:1", "Host.-1"},
		{"azAZ09", tcp("azAZ09", 11211, 1), "azAZ09:11211", "azAZ09", "azAZ09-11211"},
		{strings.Repeat("a.", 126) + "a", tcp(strings.Repeat("a.", 126)+"a", 11211, 1), strings.Repeat("a.", 126) +
			"a:11211", strings.Repeat("a.", 126) + "a", strings.Repeat("a.", 126) + "a-11211"},
		{"localhost:65535", tcp("localhost", 65535, 1), "localhost:65535", "localhost:65535", "localhost-65535"},
		{"unix:11212", tcp("unix", 11212, 1), "unix:11212", "unix:11212", "unix-11212"},
		{"a1:011211", tcp("a1", 11211, 1), "a1:11211", "a1", "a1-11211"},
		{
			strings.Repeat("a", 63), tcp(strings.Repeat("a", 63), 11211, 1), strings.Repeat("a", 63) + ":11211",
			strings.Repeat("a", 63), strings.Repeat("a", 63) + "-11211",
		},

		{"11211", tcp("127.0.0.1", 11211, 1), "127.0.0.1:11211", "127.0.0.1", "127.0.0.1-11211"},

		{"[::1]", tcp("::1", 11211, 1), "[::1]:11211", "::1", "::1-11211"},
		{"[::1]:22001", tcp("::1", 22001, 1), "[::1]:22001", "::1:22001", "::1-22001"},
		{
			"[2001:db8::1]:11211:7", tcp("2001:db8::1", 11211, 7), "[2001:db8::1]:11211", "2001:db8::1",
			"2001:db8::1-11211",
		},
		{"[fe80::1%eth0]:1", tcp("fe80::1%eth0", 1, 1), "[fe80::1%eth0]:1", "fe80::1%eth0:1", "fe80::1%eth0-1"},
		{"::1", tcp("::1", 11211, 1), "[::1]:11211", "::1", "::1-11211"},
		{"::", tcp("::", 11211, 1), "[::]:11211", "::", "::-11211"},
		{"1::2", tcp("1::2", 11211, 1), "[1::2]:11211", "1::2", "1::2-11211"},
		{
			"2001:db8::a:b", tcp("2001:db8::a:b", 11211, 1), "[2001:db8::a:b]:11211", "2001:db8::a:b",
			"2001:db8::a:b-11211",
		},
		{
			"1:2:3:4:5:6:7:8", tcp("1:2:3:4:5:6:7:8", 11211, 1), "[1:2:3:4:5:6:7:8]:11211", "1:2:3:4:5:6:7:8",
			"1:2:3:4:5:6:7:8-11211",
		},
		{
			"::ffff:10.0.0.1", tcp("::ffff:10.0.0.1", 11211, 1), "[::ffff:10.0.0.1]:11211", "::ffff:10.0.0.1",
			"::ffff:10.0.0.1-11211",
		},

		{"/run/mc.sock", unix("/run/mc.sock", 1), "/run/mc.sock", "/run/mc.sock:", "/run/mc.sock"},
		{"/run/mc.sock:5", unix("/run/mc.sock", 5), "/run/mc.sock", "/run/mc.sock:", "/run/mc.sock"},
		{"/run/my mc", unix("/run/my mc", 1), "/run/my mc", "/run/my mc:", "/run/my mc"},
		{"unix:/run/mc.sock", unix("/run/mc.sock", 1), "/run/mc.sock", "/run/mc.sock:", "/run/mc.sock"},
		{"unix:/run/mc.sock:5", unix("/run/mc.sock", 5), "/run/mc.sock", "/run/mc.sock:", "/run/mc.sock"},
		{
			"/" + strings.Repeat("p", 106), unix("/"+strings.Repeat("p", 106), 1), "/" + strings.Repeat("p", 106),
			"/" + strings.Repeat("p", 106) + ":", "/" + strings.Repeat("p", 106),
		},
	} {
		got, err := ParseAddress(c.in)
		if err != nil || got != c.want {
			t.Errorf("ParseAddress(%q) = %+v, %v, want %+v", c.in, got, err, c.want)
			continue
		}
		if got.String() != c.text || got.RingName() != c.ring || got.MagentName() != c.magent {
			t.Errorf("%q: String %q RingName %q MagentName %q, want %q %q %q",
				c.in, got.String(), got.RingName(), got.MagentName(), c.text, c.ring, c.magent)
		}
	}
}

func TestRingNamePrefersTheName(t *testing.T) {
	for _, s := range []string{"a", "a:1", "[::1]:5", "/run/s"} {
		a, err := ParseAddress(s)
		if err != nil {
			t.Fatal(err)
		}
		a.Name = "zeta"
		if got := a.RingName(); got != "zeta" {
			t.Errorf("RingName of %q called zeta is %q", s, got)
		}
	}
}

func TestParseAddressErrors(t *testing.T) {
	const (
		usual   = "write host:port or host:port:weight"
		bracket = "write [address]:port, such as [::1]:11211"
		socket  = "write /path or /path:weight"
		weight  = "write /path or /path:weight, where the path contains no ':'"
		slash   = "write host:port, or the absolute path of a unix socket"
		colons  = "write host:port:weight, or [address]:port:weight for IPv6"
	)
	long := strings.Repeat("a", 64)
	for _, c := range []struct{ in, problem, remedy string }{
		{"", "address is empty", usual},
		{"a:99999", "port 99999 is not within 1..65535", usual},
		{"a:65536", "port 65536 is not within 1..65535", usual},
		{"a:0", "port 0 is not within 1..65535", usual},
		{"a:99999999999999999999", "port 99999999999999999999 is not within 1..65535", usual},
		{"a:", "port is empty", usual},
		{"a:http", `port "http" is not a number`, usual},
		{"a:-1", `port "-1" is not a number`, usual},
		{"a:+1", `port "+1" is not a number`, usual},
		{"a:1 ", "address contains ' '", usual},
		{"host::5", "port is empty", usual},
		{"a:1:", "weight is empty", usual},
		{"a:1:0", "weight 0 is not within 1..1000000", usual},
		{"a:1:1000001", "weight 1000001 is not within 1..1000000", usual},
		{"a:1:x", `weight "x" is not a number`, usual},
		{":11211", "host is empty", usual},
		{":", "host is empty", usual},
		{"99999", `port 99999 is not within 1..65535`, usual},
		{"0", `port 0 is not within 1..65535`, usual},
		{"1.2.3", `host "1.2.3" is not an IPv4 address`, usual},
		{"1.2.3.256:1", `host "1.2.3.256" is not an IPv4 address`, usual},
		{"a b", "address contains ' '", usual},
		{"a@b", `host "a@b" contains '@'`, usual},
		{"a,b", `host "a,b" contains ','`, usual},
		{"a\nb", `address contains '\n'`, usual},
		{"a\x7f", `address contains '\x7f'`, usual},
		{"[fe80::1%a\nb]", `address contains '\n'`, usual},
		{"bücher", "address contains 'ü'", usual},
		{"-b", `host "-b" begins with '-'`, usual},
		{"a..b", `host "a..b" has a part of 0 bytes between its dots`, usual},
		{".a", `host ".a" has a part of 0 bytes between its dots`, usual},
		{long, `host "` + long + `" has a part of 64 bytes between its dots`, usual},
		{strings.Repeat("a.", 127), "host of 254 bytes is over the limit of 253", usual},
		{"tcp://a", `port "//a" is not a number`, usual},
		{"./mc.sock", `host "./mc.sock" contains '/'`, slash},
		{"run/mc.sock:1", `host "run/mc.sock" contains '/'`, slash},

		{"[::1", "'[' without ']'", bracket},
		{"[", "'[' without ']'", bracket},
		{"[]", `"" in brackets is not an IPv6 address`, bracket},
		{"[10.0.0.1]:1", `"10.0.0.1" in brackets is not an IPv6 address`, bracket},
		{"[a]", `"a" in brackets is not an IPv6 address`, bracket},
		{"[::1]11211", `"11211" follows ']'`, bracket},
		{"[::1]:", "port is empty", usual},
		{"[::1]:70000", "port 70000 is not within 1..65535", usual},
		{"[::1]:1:2:3", `weight "2:3" is not a number`, usual},
		{"2001:db8::1:80", "an IPv6 address with a port needs brackets", "write [2001:db8::1]:80 or [2001:db8::1:80]"},
		{"::1:11211", "an IPv6 address with a port needs brackets", "write [::1]:11211"},
		{"1:2:3:4:5:6:7:8:9", "an IPv6 address with a port needs brackets", "write [1:2:3:4:5:6:7:8]:9"},
		{"2001:db8::1:11211:1", "too many ':' and not an IPv6 address", colons},
		{"a:1:2:3", "too many ':' and not an IPv6 address", colons},

		{"unix:1x", `port "1x" is not a number`, usual},
		{"unix:", `socket path "" is not absolute`, socket},
		{"unix:run/s", `socket path "run/s" is not absolute`, socket},
		{"/", `socket path "/" is a directory`, socket},
		{"/run/", `socket path "/run/" is a directory`, socket},
		{"/a\x00b", "socket path contains a control character", socket},
		{
			"/" + strings.Repeat("p", 107), "socket path of 108 bytes is over the system's limit of 107",
			"use a shorter path",
		},
		{"/s:", "weight is empty", weight},
		{"/s:0", "weight 0 is not within 1..1000000", weight},
		{"/s:x", `weight "x" is not a number`, weight},
		{"/s:1:2", `weight "1:2" is not a number`, weight},
	} {
		a, err := ParseAddress(c.in)
		if err == nil {
			t.Errorf("ParseAddress(%q) = %+v, want an error", c.in, a)
			continue
		}
		if want := "server " + strconv.Quote(c.in) + ": " + c.problem + "; " + c.remedy; err.Error() != want {
			t.Errorf("ParseAddress(%q):\n got %s\nwant %s", c.in, err, want)
		}
		if a != (Address{}) {
			t.Errorf("ParseAddress(%q) failed with a value: %+v", c.in, a)
		}
	}
}

// FuzzParseAddress: whatever is accepted has sane fields and parses again from its own text. Errors are one line.
func FuzzParseAddress(f *testing.F) {
	for _, s := range []string{
		"a", "a:1", "a:1:2", "[::1]:1:2", "::1", "::1:80", "/s:2", "unix:/s", "unix:5",
		"[fe80::1%e]", "::%]", "",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAddress(s)
		if err != nil {
			if text := err.Error(); strings.ContainsAny(text, "\n\r") || !strings.HasPrefix(text, "server \"") ||
				!strings.Contains(text, "; ") {
				t.Errorf("%q: error %q", s, text)
			}
			return
		}
		if a.Weight < 1 || a.Weight > MaxWeight || a.Network == "tcp" && (a.Port < 1 || a.Port > 65535 ||
			a.Host == "") {
			t.Errorf("%q: %+v", s, a)
		}
		again, err := ParseAddress(a.String())
		if a.Weight = 1; err != nil || again != a {
			t.Errorf("%q: %+v became %+v, %v", s, a, again, err)
		}
	})
}
