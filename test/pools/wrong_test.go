package pools

import (
	"net"
	"strings"
	"testing"

	"magent/internal/testkit"
)

const right = "a:\n  listen: 127.0.0.1:22121\n  timeout: 400\n  servers:\n   - 127.0.0.1:11212:1\n"

// -t reports that a correct file is correct, and starts nothing.
func TestRightFile(t *testing.T) {
	file := testkit.TempFile(t, "pools.yml", right)
	code, stdout, stderr := run(t, "-c", file, "-t")
	if want := "magent: configuration file '" + file + "' syntax is ok\n"; code != 0 || stdout != "" ||
		stderr != want {
		t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
	}
}

// Errors in a file are reported with their place, with -t and without, also in the background. Nothing is started.
func TestWrongFile(t *testing.T) {
	file := testkit.TempFile(t, "pools.yml", strings.Replace(right, "timeout", "tiemout", 1)+"  hash: fnvla_64\n")
	for _, flag := range []string{"-t", "-v", "-d"} {
		code, stdout, stderr := run(t, "-c", file, flag)
		said := strings.SplitAfter(stderr, "\n")
		if code != 1 || stdout != "" || len(said) != 4 ||
			!strings.HasPrefix(said[0], file+":3:3: key \"tiemout\" is unknown: did you mean timeout? ") ||
			!strings.HasPrefix(said[1], file+":6:9: hash \"fnvla_64\" is unknown: did you mean fnv1a_64? ") ||
			said[2] != "magent: configuration file '"+file+"' syntax is invalid\n" {
			t.Errorf("%s: exit code %d, %q, %q", flag, code, stdout, stderr)
		}
	}
}

// It is an error to use a flag together with -c if the file has the same setting.
func TestFlagBesideFile(t *testing.T) {
	file := testkit.TempFile(t, "pools.yml", right)
	for _, flag := range []string{"-s", "-p"} {
		code, _, stderr := run(t, "-c", file, "-t", flag, "1")
		if code != 2 ||
			!strings.HasPrefix(stderr, "magent: "+flag+" contradicts -c "+file+": leave it out, and write ") {
			t.Errorf("exit code %d, %q", code, stderr)
		}
	}
}

// If an address is in use, the error names the key to change.
func TestPortInUse(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	addr := taken.Addr().String()
	code, _, stderr := run(t, "-c",
		testkit.TempFile(t, "pools.yml", "a:\n  listen: "+addr+"\n  servers:\n   - "+testkit.DeadAddr(t)+":1\n"))
	if want := "another program listens there: stop it, or choose another port in listen:\n"; code != 1 ||
		!strings.HasSuffix(stderr, want) {
		t.Errorf("exit code %d, %q", code, stderr)
	}
}

// A unix socket cannot be created if its folder is missing, or if there is another file.
func TestSocketPlace(t *testing.T) {
	for path, want := range map[string]string{
		"/no/such/folder/m.sock": "there is no folder",
		"/etc/passwd":            "is there already and no socket",
	} {
		file := testkit.TempFile(t, "pools.yml", "a:\n  listen: "+path+
			"\n  timeout: 400\n  servers:\n   - 127.0.0.1:11212:1\n")
		code, _, stderr := run(t, "-c", file)
		if code != 1 || !strings.HasPrefix(stderr, "magent: listen: ") || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit code %d, %q", path, code, stderr)
		}
		if code, _, _ := run(t, "-c", file, "-t"); code != 0 {
			t.Errorf("%s: -t: exit code %d", path, code)
		}
	}
}
