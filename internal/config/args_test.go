package config

import (
	"strings"
	"testing"
)

func testSpecs() []ArgSpec {
	return []ArgSpec{
		{Names: []string{"server", "s"}, Value: "ADDRESS"},
		{Names: []string{"port", "p"}, Value: "PORT"},
		{Names: []string{"max-clients", "n"}, Value: "NUMBER"},
		{Names: []string{"unix-mode", "unix-mask"}, Value: "MODE"},
		{Names: []string{"timeout"}, Value: "TIME"},
		{Names: []string{"ketama", "k"}},
		{Names: []string{"foreground", "D"}},
		{Names: []string{"verbose", "v"}},
	}
}

func TestNormalizeArgs(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"", ""},
		{"--", ""},
		{"-p 12000", "--port=12000"},
		{"-p12000", "--port=12000"},
		{"-p=12000", "--port=12000"},
		{"--port 12000", "--port=12000"},
		{"--port=12000", "--port=12000"},
		{"-n4096 -s10.0.0.1:11211", "--max-clients=4096 --server=10.0.0.1:11211"},
		{"-k", "--ketama=true"},
		{"-vk", "--verbose=true --ketama=true"},
		{"-Dkp12000", "--foreground=true --ketama=true --port=12000"},
		{"-Dkp 12000 -v", "--foreground=true --ketama=true --port=12000 --verbose=true"},
		{"-vk=false", "--verbose=true --ketama=false"},
		{"-p -1", "--port=-1"},
		{"-vv", "--verbose=true --verbose=true"},
		{"--verbose=false", "--verbose=false"},
		{"--unix-mask 0770", "--unix-mode=0770"},
		{"-s a -s b", "--server=a --server=b"},
		{"-s [::1]:1 --timeout=5ms", "--server=[::1]:1 --timeout=5ms"},
	} {
		got, err := NormalizeArgs(testSpecs(), strings.Fields(c.args))
		if err != nil || strings.Join(got.List, " ") != c.want {
			t.Errorf("%q: got %q, %v; want %q", c.args, got.List, err, c.want)
		}
	}
}

func TestNormalizeArgsKeepsWhatWasTyped(t *testing.T) {
	got, err := NormalizeArgs(testSpecs(), []string{"-kp1", "--server", "a"})
	if err != nil || got.Typed["port"] != "-p" || got.Typed["ketama"] != "-k" || got.Typed["server"] != "--server" ||
		len(got.Typed) != 3 {
		t.Errorf("got %v, %v", got.Typed, err)
	}
}

func TestNormalizeArgsErrors(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-x"}, "unknown flag -x: -h lists all flags"},
		{[]string{"-kx"}, `unknown flag -x in "-kx": -h lists all flags`},
		{[]string{"--x"}, "unknown flag --x: -h lists all flags"},
		{[]string{"--p", "1"}, "unknown flag --p: -h lists all flags"},
		{[]string{"--timout", "5ms"}, "unknown flag --timout: did you mean --timeout? (-h lists all flags)"},
		{[]string{"--max-client=5"}, "unknown flag --max-client: did you mean --max-clients? (-h lists all flags)"},
		{[]string{"-timeout", "5ms"}, "unknown flag -timeout: write --timeout"},
		{[]string{"-server=a"}, "unknown flag -server: write --server"},
		{[]string{"-timout=3s"}, "unknown flag -timout=3s: did you mean --timeout? (-h lists all flags)"},
		{[]string{"-p"}, "flag -p needs a value: -p PORT"},
		{[]string{"-kp"}, "flag -p needs a value: -p PORT"},
		{[]string{"--server"}, "flag --server needs a value: --server ADDRESS"},
		{[]string{"--server="}, "flag --server has an empty value: write --server ADDRESS, or leave the flag out"},
		{[]string{"-s", " "}, "flag -s has an empty value: write -s ADDRESS, or leave the flag out"},
		{
			[]string{"--ketama=maybe"},
			"--ketama=maybe: this flag is a switch: leave the value out, or write true or false",
		},
		{[]string{"help"}, `unexpected argument "help": every setting has a flag in front, for example -s help`},
		{[]string{"-s", "a", "b"}, `unexpected argument "b": every setting has a flag in front, for example -s b`},
		{[]string{"--", "b"}, `unexpected argument "b": every setting has a flag in front, for example -s b`},
		{[]string{"-"}, `unexpected argument "-": every setting has a flag in front, for example -s -`},
	} {
		_, err := NormalizeArgs(testSpecs(), c.args)
		if err == nil || err.Error() != c.want {
			t.Errorf("%q:\n got %v\nwant %s", c.args, err, c.want)
		}
	}
}

func FuzzNormalizeArgs(f *testing.F) {
	f.Add("-Dkp12000 --server=a -s b -- c")
	f.Fuzz(func(t *testing.T, line string) {
		got, err := NormalizeArgs(testSpecs(), strings.Split(line, " "))
		if err != nil {
			if strings.TrimSpace(err.Error()) == "" || len(got.List) > 0 {
				t.Fatalf("%q: error %q with output %q", line, err, got.List)
			}
			return
		}
		again, err := NormalizeArgs(testSpecs(), got.List)
		if err != nil || strings.Join(again.List, "\x00") != strings.Join(got.List, "\x00") {
			t.Fatalf("%q: normal form %q reads as %q, %v", line, got.List, again.List, err)
		}
	})
}

// A command that has no servers of its own does not name a flag that it does not have.
func TestUnexpectedAddress(t *testing.T) {
	specs := []ArgSpec{{Names: []string{"reason"}, Value: "TEXT"}}
	_, err := NormalizeArgs(specs, []string{"--reason", "x", "a:1"})
	if want := `unexpected argument "a:1": leave it out, or write it right behind the command`; err == nil ||
		err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
