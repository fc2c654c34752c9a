package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Place is where a journal is kept.
type Place struct {
	Dir string
	// Give hands a file or a folder, which is open, to the user who will go on to run, where that is another one than who opens
	// the journal; nil: nobody has to be given anything. It may be called by any goroutine that makes a record.
	Give func(*os.File) error
	// Beside are paths of other files of this process, which may be in Dir, too, as may what a log was rotated to.
	Beside []string
}

// own tells the names that the files of a journal have.
func own(name string) bool {
	_, previous := previousNumber(name)
	return previous || slices.Contains([]string{
		lockName, currentName, serversName, serversName + NewSuffix, FleetName, FleetName + NewSuffix,
	}, name)
}

// harmless tells what a file system puts into a folder by itself.
func harmless(name string) bool { return name == "lost+found" || strings.HasPrefix(name, ".nfs") }

// claim makes the folder if it is not there, looks whether it is one for a journal and nothing else, and gives it and the files of
// a journal in it away. Whatever else is there was put there by somebody else, for another purpose: it is never touched, and such a folder is refused,
// for whoever owns a folder can remove and replace what is in it.
func (p Place) claim() error {
	err := os.Mkdir(p.Dir, 0o700)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("--state-dir %s: there is no folder %s: make it, or name another place", p.Dir, filepath.Dir(p.Dir))
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return unusable(p.Dir, err)
	}
	flags := unix.O_DIRECTORY
	if p.Give != nil {
		flags |= unix.O_NOFOLLOW
	}
	dir, err := os.OpenFile(p.Dir, os.O_RDONLY|flags, 0)
	if info, lerr := os.Lstat(p.Dir); err != nil && lerr == nil && info.Mode()&fs.ModeSymlink != 0 {
		return fmt.Errorf("--state-dir %s is a symbolic link, and is not given to the user of -u for that: name the folder that it leads to", p.Dir)
	}
	if err != nil {
		return unusable(p.Dir, err)
	}
	defer dir.Close()
	files, err := p.files(dir)
	if err != nil || p.Give == nil {
		return err
	}
	for _, name := range files {
		if err := p.giveNamed(dir, name); err != nil {
			return fmt.Errorf("--state-dir %s: %q cannot be given to the user of -u: %w", p.Dir, name, err)
		}
	}
	if err := p.Give(dir); err != nil {
		return fmt.Errorf("--state-dir %s cannot be given to the user of -u: %w", p.Dir, err)
	}
	return nil
}

// files are the names of a journal's files in the folder, in which there has to be nothing else.
func (p Place) files(dir *os.File) (names []string, err error) {
	entries, err := dir.ReadDir(-1)
	if err != nil {
		return nil, unusable(p.Dir, err)
	}
	for _, entry := range entries {
		name := entry.Name()
		switch {
		case harmless(name) || p.beside(filepath.Join(p.Dir, name)):
		case !own(name):
			return nil, fmt.Errorf("--state-dir %s: %q is there, which is not magent's: name a folder of its own, that is empty or not there yet", p.Dir, name)
		case !entry.Type().IsRegular():
			return nil, fmt.Errorf("--state-dir %s: %q is no plain file (%v): remove it, or name another folder", p.Dir, name, entry.Type())
		default:
			names = append(names, name)
		}
	}
	return names, nil
}

// beside tells the other files of this process: PATH itself, PATH.1, PATH-20260101.gz.
func (p Place) beside(path string) bool {
	return slices.ContainsFunc(p.Beside, func(known string) bool {
		rest, found := strings.CutPrefix(path, known)
		return known != "" && found && (rest == "" || rest[0] == '.' || rest[0] == '-')
	})
}

// Open opens a file of this process in the folder, and makes it if flags say so. It is a plain file with this name alone.
func (p Place) Open(path string, flags int) (*os.File, error) { return p.open(path, flags) }

// Create is Open for a file that is to be written. It is given to the user who goes on to run.
func (p Place) Create(path string) (*os.File, error) { return p.create(path) }

// giveNamed gives a file away that is in the folder: the one that is open, whatever has the name by then.
func (p Place) giveNamed(dir *os.File, name string) error {
	fd, err := unix.Openat(int(dir.Fd()), name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	if err != nil {
		return err
	}
	f := os.NewFile(uintptr(fd), filepath.Join(p.Dir, name))
	defer f.Close()
	return p.Give(f)
}

// open opens a file of the journal, and makes it if flags say so. It is a plain file with this name alone: whoever may write to the
// folder could else have us write to any other file as well.
func (p Place) open(path string, flags int) (*os.File, error) {
	f, err := os.OpenFile(path, flags|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0o600)
	if err != nil {
		return nil, err
	}
	if err := plain(f); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// plain refuses what is no plain file, and, where we may write to everything, one that has other names.
func plain(f *os.File) error {
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return err
	}
	switch {
	case st.Mode&unix.S_IFMT != unix.S_IFREG:
		return errors.New("it is no plain file: remove it")
	case st.Nlink > 1 && os.Geteuid() == 0:
		return errors.New("it has another name as well (a hard link): remove it")
	}
	return nil
}

// create opens a file of the journal to be written, makes it if it is not there, and gives it away. A process that is giving root's
// rights up just then has made root's file and may not give it away any more: it makes the file anew, as who it is now.
func (p Place) create(path string) (f *os.File, err error) {
	for range 2 {
		f, err = p.open(path, os.O_RDWR|os.O_CREATE)
		if err != nil || p.Give == nil {
			return f, err
		}
		if err = p.Give(f); err == nil {
			return f, nil
		}
		f.Close()
		_ = os.Remove(path)
	}
	return nil, err
}
