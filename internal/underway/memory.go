package underway

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// Dir is where the memory is.
const Dir = "/dev/shm"

const prefix = "magent-"

// Memory is the memory of this process. A nil Memory has no tables.
type Memory struct {
	Path   string
	Tables []*Table // by loop

	file  *os.File
	mu    sync.Mutex // for the head, which is written now and then
	head  area
	named map[int]bool // servers with a name
	past  int          // places for earlier connections that were used
}

// Create makes the memory for a number of loops. give passes the file to the user as whom the process will go on; nil:
// not needed. The file stays until Close.
func Create(loops int, give func(*os.File) error) (*Memory, error) {
	m, err := create(Dir, loops, give)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", Dir, err)
	}
	return m, nil
}

func create(dir string, loops int, give func(*os.File) error) (*Memory, error) {
	var id [8]byte
	if _, err := rand.Read(id[:]); err != nil {
		return nil, err
	}
	m := &Memory{Path: filepath.Join(dir, prefix+hex.EncodeToString(id[:])), named: map[int]bool{}}
	f, err := os.OpenFile(m.Path, os.O_RDWR|os.O_CREATE|os.O_EXCL|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, reason(err)
	}
	m.file = f
	if err = m.fill(f, loops); err == nil && give != nil {
		err = give(f)
	}
	if err != nil {
		m.Close()
		return nil, reason(err)
	}
	return m, nil
}

func reason(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// fill gives the file its size and its form.
func (m *Memory) fill(f *os.File, loops int) (err error) {
	var fs unix.Statfs_t
	if err := unix.Fstatfs(int(f.Fd()), &fs); err != nil {
		return err
	}
	if fs.Type != unix.TMPFS_MAGIC {
		return errors.New("it is no file system in RAM")
	}
	size := headSize + loops*tableSize
	if err := f.Truncate(int64(size)); err != nil {
		return err
	}
	data, err := unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return err
	}
	m.head = newArea(f, 0, data[:headSize:headSize])
	enough := m.head.reserve(0, page)
	for i := range loops {
		at := headSize + i*tableSize
		t := newTable(newArea(f, at, data[at:at+tableSize:at+tableSize]))
		enough = enough && t.reserve(0, page)
		m.Tables = append(m.Tables, t)
	}
	if !enough {
		return unix.ENOSPC
	}
	put(m.head.data, versionAt, version)
	put(m.head.data, loopsAt, uint32(loops))
	copy(m.head.data, magic)
	return nil
}

// Table returns the table of a loop; nil: there is none.
func (m *Memory) Table(loop int) *Table {
	if m == nil {
		return nil
	}
	return m.Tables[loop]
}

// Name gives a server's number a name, before anything is noted about it. The first name stays.
func (m *Memory) Name(server int, name string) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.named[server] {
		return
	}
	m.named[server] = true
	head, used := m.head.data, int(get(m.head.data, namesLenAt))
	at := namesAt + used
	if at+bodyAt+len(name) > pastAt || !m.head.reserve(at, bodyAt+len(name)) {
		put(head, unnamedAt, 1)
		return
	}
	put(head, at, uint32(server))
	put(head, at+4, uint32(len(name)))
	copy(head[at+bodyAt:], name)
	put(head, namesLenAt, uint32(used+bodyAt+len(name)))
}

// Past notes a connection to a server that a process before this one had.
func (m *Memory) Past(server int, address string) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	at := pastAt + m.past*connSize
	if m.past >= pasts || len(address) > connSize-bodyAt || !m.head.reserve(at, connSize) {
		put(m.head.data, unnamedAt, 1)
		return
	}
	m.past++
	putConn(m.head.data[at:at+connSize], server, address)
}

// Over notes that no connection of a process before this one to that server is left.
func (m *Memory) Over(server int) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.past {
		if at := pastAt + i*connSize; get(m.head.data, at+4) == uint32(server) {
			put(m.head.data, at, 0)
		}
	}
}

// Close removes the file. The memory stays mapped until the process ends, as loops may still use it.
func (m *Memory) Close() {
	if m != nil {
		_ = os.Remove(m.Path)
		_ = m.file.Close()
	}
}

// Remove removes the file of a process that has ended. It touches nothing but such files.
func Remove(path string) {
	if ours(path) {
		_ = os.Remove(path)
	}
}

// ours reports whether path is that of a memory.
func ours(path string) bool {
	id, found := strings.CutPrefix(filepath.Base(path), prefix)
	_, err := hex.DecodeString(id)
	return filepath.Dir(path) == Dir && found && len(id) == 16 && err == nil
}
