package journal

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestMissingFolders: only one level is created. If more is missing, the name is probably wrong.
func TestMissingFolders(t *testing.T) {
	dir := t.TempDir()
	j, _ := open(t, filepath.Join(dir, "new"))
	j.Close()
	deep := filepath.Join(dir, "not", "there")
	_, _, err := Open(Place{Dir: deep}, nil)
	if want := "--state-dir " + deep + ": there is no folder " + filepath.Join(dir, "not") +
		": create it, or name another place"; err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if _, err := os.Lstat(filepath.Join(dir, "not")); err == nil {
		t.Error("a folder was made")
	}
}

// TestForeignFolder: a folder with other files is refused, and nothing in it is touched.
func TestForeignFolder(t *testing.T) {
	for name, c := range map[string]struct {
		make func(dir string) error
		want string
	}{
		"a file": {func(dir string) error {
			return os.WriteFile(dir+"/precious", nil, 0o600)
		}, `it contains "precious", which is not magent's: name an empty or new folder`},
		"a folder": {func(dir string) error {
			return os.Mkdir(dir+"/home", 0o700)
		}, `it contains "home", which is not magent's`},
		"a hidden file": {func(dir string) error {
			return os.WriteFile(dir+"/.profile", nil, 0o600)
		}, `it contains ".profile", which is not magent's`},
		"nearly ours": {func(dir string) error {
			return os.WriteFile(dir+"/previous.01.journal", nil, 0o600)
		}, `it contains "previous.01.journal"`},
		"a link": {func(dir string) error {
			return os.Symlink("/etc/hostname", dir+"/"+lockName)
		}, `"lock" is not a regular file (L`},
		"a dead link": {func(dir string) error {
			return os.Symlink("not/there", dir+"/"+currentName)
		}, `"outage.journal" is not a regular file (L`},
		"a loop": {func(dir string) error {
			return os.Symlink(serversName, dir+"/"+serversName)
		}, `"servers.json" is not a regular file (L`},
		"a pipe": {func(dir string) error {
			return unix.Mkfifo(dir+"/"+lockName, 0o600)
		}, `"lock" is not a regular file (p`},
		"not a file": {func(dir string) error {
			return os.Mkdir(dir+"/"+currentName, 0o700)
		}, `"outage.journal" is not a regular file (d`},
		"another's log": {func(dir string) error {
			return os.WriteFile(dir+"/logs", nil, 0o600)
		}, `it contains "logs"`},
		"not its socket": {func(dir string) error {
			return os.WriteFile(dir+"/socket2", nil, 0o600)
		}, `it contains "socket2"`},
	} {
		dir := t.TempDir()
		if err := c.make(dir); err != nil {
			t.Fatal(err)
		}
		before := files(t, dir)
		given := false
		give := func(*os.File) error { given = true; return nil }
		_, _, err := Open(Place{Dir: dir, Give: give, Beside: []string{dir + "/log", dir + "/socket", ""}}, nil)
		if err == nil || !strings.HasPrefix(err.Error(), "--state-dir "+dir+": "+c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if after := files(t, dir); after != before || given {
			t.Errorf("%s: the folder was touched: %s, given %v", name, after, given)
		}
	}
}

// TestFolderWithFilesBeside: files of the file system or of this process do not matter, and are not transferred.
func TestFolderWithFilesBeside(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "lost+found"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{".nfs0001", "log", "log.1", "log-20260101.gz", "pid"} {
		put(t, filepath.Join(dir, name), nil)
	}
	var given []string
	give := func(f *os.File) error { given = append(given, filepath.Base(f.Name())); return nil }
	j, _, err := Open(Place{Dir: dir, Give: give, Beside: []string{
		filepath.Join(dir, "log"),
		filepath.Join(dir, "pid"),
	}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	j.Identity(j.Server(alpha), "7@1000")
	if err := j.Close(); err != nil {
		t.Error(err)
	}
	want := []string{filepath.Base(dir), lockName, currentName, serversName + NewSuffix}
	if !slices.Equal(given, want) {
		t.Errorf("given %q, want %q", given, want)
	}
}

// TestGive: every file is transferred, old ones and new ones, whenever they are created.
func TestGive(t *testing.T) {
	dir := t.TempDir()
	j, _ := open(t, dir)
	j.Identity(j.Server(alpha), "7@1000")
	j.Dirty(0, j.Server(alpha), []byte("k"))
	die(j)
	given := map[string]int{}
	give := func(f *os.File) error { given[filepath.Base(f.Name())]++; return nil }
	j, k, err := Open(Place{Dir: dir, Give: give}, nil)
	if err != nil {
		t.Fatal(err)
	}
	want(t, k, map[Server]*Missed{alpha: {Identity: "7@1000", Keys: []string{"k"}}})
	for _, name := range []string{filepath.Base(dir), lockName, currentName, serversName} {
		if given[name] == 0 {
			t.Errorf("%s was not given", name)
		}
	}
	clear(given)
	j.Identity(j.Server(alpha), "8@1000")
	if given[serversName+NewSuffix] != 1 {
		t.Errorf("given %v", given)
	}
	if err := os.Remove(j.path()); err != nil {
		t.Fatal(err)
	}
	j.Dirty(0, j.Server(alpha), []byte("k"))
	if given[currentName] != 1 {
		t.Errorf("given %v", given)
	}
	j.Close()
}

// TestGiveTooLate: a file that was created as root is created again if the process has meanwhile become another user.
func TestGiveTooLate(t *testing.T) {
	dir := t.TempDir()
	late := false
	inodes := map[string]bool{}
	j, _, err := Open(Place{Dir: dir, Give: func(f *os.File) error {
		if late {
			late = false
			return unix.EPERM
		}
		inodes[f.Name()] = true
		return nil
	}}, func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	late = true
	j.Identity(j.Server(alpha), "7@1000")
	if text, err := os.ReadFile(filepath.Join(dir, serversName)); err != nil ||
		!strings.Contains(string(text), "7@1000") || late {
		t.Errorf("%s, %v", text, err)
	}
}

// TestGiveFails: if a file cannot be transferred there is an error, and nothing is opened.
func TestGiveFails(t *testing.T) {
	for _, name := range []string{"", lockName} {
		dir := t.TempDir()
		put(t, filepath.Join(dir, lockName), nil)
		_, _, err := Open(Place{Dir: dir, Give: func(f *os.File) error {
			if strings.HasSuffix(f.Name(), name) {
				return errors.New("it belongs to somebody else")
			}
			return nil
		}}, nil)
		if err == nil || !strings.HasPrefix(err.Error(), "--state-dir "+dir) ||
			!strings.HasSuffix(err.Error(), "cannot be given to the user of -u: it belongs to somebody else") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// TestLinkedFolder: a folder is not transferred through a link, because the link's owner could choose any folder.
func TestLinkedFolder(t *testing.T) {
	dir := t.TempDir()
	real, link := filepath.Join(dir, "real"), filepath.Join(dir, "link")
	if err := errors.Join(os.Mkdir(real, 0o700), os.Symlink(real, link)); err != nil {
		t.Fatal(err)
	}
	_, _, err := Open(Place{Dir: link, Give: func(*os.File) error { t.Error("it was given away"); return nil }}, nil)
	if err == nil || !strings.Contains(err.Error(), "is a symbolic link") {
		t.Errorf("got %v", err)
	}
	j, _ := open(t, link)
	j.Close()
}

// TestHardLink: root does not write to a file in the folder that has a second name.
func TestHardLink(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("root alone may write to everything")
	}
	for _, name := range []string{lockName, currentName} {
		dir := t.TempDir()
		precious := filepath.Join(dir, "precious")
		put(t, precious, []byte("precious"))
		place := filepath.Join(dir, "place")
		if err := errors.Join(os.Mkdir(place, 0o700), os.Link(precious, filepath.Join(place, name))); err != nil {
			t.Fatal(err)
		}
		j, k, err := Open(Place{Dir: place}, nil)
		if name == lockName && (err == nil || !strings.Contains(err.Error(), "a hard link")) {
			t.Errorf("got %v", err)
		}
		if name == currentName { // what cannot be trusted is moved aside, and everything is doubtful
			if err != nil {
				t.Fatal(err)
			}
			doubt(t, k, "a hard link")
			j.Close()
		}
		if text, err := os.ReadFile(precious); string(text) != "precious" || err != nil {
			t.Errorf("%s: it is %q now, %v", name, text, err)
		}
	}
}
