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
	// Give transfers an open file or folder to the user that the process will become, if that is another than the
	// present one. It may be called by any goroutine that makes a record. nil: there is nothing to transfer.
	Give func(*os.File) error
	// Beside are the paths of other files of this process. They may be in Dir, as may rotated logs.
	Beside []string
}

// own reports whether a file of a journal can have this name.
func own(name string) bool {
	_, previous := previousNumber(name)
	return previous || slices.Contains([]string{
		lockName, currentName, serversName, serversName + NewSuffix, FleetName, FleetName + NewSuffix,
		DrainedName, DrainedName + NewSuffix,
	}, name)
}

// harmless reports whether file systems put files of this name into folders.
func harmless(name string) bool { return name == "lost+found" || strings.HasPrefix(name, ".nfs") }

// Claim creates the folder if it does not exist, checks that it only holds files of a journal, and transfers it and
// them with Give. Other files were put there for another purpose, and are never touched. A folder with such files is
// refused, because its owner can remove and replace everything in it.
func (p Place) Claim() error {
	err := os.Mkdir(p.Dir, 0o700)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("--state-dir %s: there is no folder %s: create it, or name another place",
			p.Dir, filepath.Dir(p.Dir))
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
		return fmt.Errorf("--state-dir %s is a symbolic link, so it cannot be given to the user of -u: "+
			"name the folder that it points to", p.Dir)
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

// files lists a journal's files in the folder. Any other file is an error.
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
			return nil, fmt.Errorf("--state-dir %s: it contains %q, which is not magent's: "+
				"name an empty or new folder that only magent uses", p.Dir, name)
		case !entry.Type().IsRegular():
			return nil, fmt.Errorf("--state-dir %s: %q is not a regular file (%v): remove it, or name another folder",
				p.Dir, name, entry.Type())
		default:
			names = append(names, name)
		}
	}
	return names, nil
}

// beside reports whether path is another file of this process: PATH itself, PATH.1, PATH-20260101.gz.
func (p Place) beside(path string) bool {
	return slices.ContainsFunc(p.Beside, func(known string) bool {
		rest, found := strings.CutPrefix(path, known)
		return known != "" && found && (rest == "" || rest[0] == '.' || rest[0] == '-')
	})
}

// Open opens a file of this process in the folder, and creates it if flags say so. It must be a regular
// file without a second name.
func (p Place) Open(path string, flags int) (*os.File, error) { return p.open(path, flags) }

// Create is Open for writing. The file is transferred with Give.
func (p Place) Create(path string) (*os.File, error) { return p.create(path) }

// giveNamed transfers the file of this name in the folder. It works on the open file, whatever has the name by then.
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

// open opens a file of the journal, and creates it if flags say so. It must be a regular file without a second name.
// Otherwise anyone who may write to the folder could make us write to any other file.
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

// plain refuses anything but a regular file. If we may write to every file, it refuses files
// with a second name as well.
func plain(f *os.File) error {
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return err
	}
	switch {
	case st.Mode&unix.S_IFMT != unix.S_IFREG:
		return errors.New("it is not a regular file: remove it")
	case st.Nlink > 1 && os.Geteuid() == 0:
		return errors.New("it has another name as well (a hard link): remove it")
	}
	return nil
}

// create opens a file of the journal for writing, creates it if it does not exist, and transfers it. A process that
// is just giving up root's rights may have created it as root, and be unable to transfer it any more. Then it creates
// the file again as the new user.
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

// begin creates a file that is only a header. On a full disk it returns an empty file and an error.
func (p Place) begin(path string) (*os.File, error) {
	f, err := p.create(path)
	if err != nil {
		return nil, err
	}
	if err := f.Truncate(0); err != nil {
		f.Close()
		return nil, err
	}
	_, err = f.WriteAt([]byte(header), 0)
	return f, err
}
