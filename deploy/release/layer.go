package main

import (
	"archive/tar"
	"bytes"
	"fmt"
	"os"
	"path"
	"strings"
	"time"
)

// userID is the id of the user and of the group of magent in a container.
const userID = 65532

// layer returns the only layer of the image, as a tar archive: files, each as PATH=SOURCE, and what a process needs
// besides.
func (o *options) layer() ([]byte, error) {
	a := newArchive(o.time)
	made := map[string]bool{".": true, "/": true}
	var dir func(name string, mode int64, owner int)
	dir = func(name string, mode int64, owner int) {
		if made[name] {
			return
		}
		made[name] = true
		dir(path.Dir(name), 0o755, 0)
		a.entry(&tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: mode, Uid: owner, Gid: owner}, nil)
	}
	dir("etc/magent", 0o755, 0)
	a.file("etc/passwd",
		fmt.Appendf(nil, "root:x:0:0:root:/:/sbin/nologin\nmagent:x:%d:%d:magent:/:/sbin/nologin\n", userID, userID))
	a.file("etc/group", fmt.Appendf(nil, "root:x:0:\nmagent:x:%d:\n", userID))
	dir("tmp", 0o1777, 0)
	dir("var/lib/magent", 0o700, userID) // for --state-dir
	dir("run/magent", 0o755, userID)     // for unix sockets
	for _, arg := range o.args {
		name, source, ok := strings.Cut(arg, "=")
		if !ok {
			return nil, fmt.Errorf("%q is not PATH=SOURCE", arg)
		}
		content, err := os.ReadFile(source)
		if err != nil {
			return nil, err
		}
		info, err := os.Stat(source)
		if err != nil {
			return nil, err
		}
		mode := int64(0o644)
		if info.Mode()&0o100 != 0 {
			mode = 0o755
		}
		name = strings.TrimPrefix(name, "/")
		dir(path.Dir(name), 0o755, 0)
		a.entry(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode}, content)
	}
	return a.close()
}

// archive is a tar archive that is written in memory.
type archive struct {
	buf  bytes.Buffer
	tar  *tar.Writer
	time time.Time
	err  error
}

func newArchive(at time.Time) *archive {
	a := &archive{time: at}
	a.tar = tar.NewWriter(&a.buf)
	return a
}

func (a *archive) entry(h *tar.Header, content []byte) {
	h.ModTime, h.Size, h.Format = a.time, int64(len(content)), tar.FormatPAX
	if a.err == nil {
		a.err = a.tar.WriteHeader(h)
	}
	if a.err == nil {
		_, a.err = a.tar.Write(content)
	}
}

func (a *archive) file(name string, content []byte) {
	a.entry(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644}, content)
}

// close returns the whole archive.
func (a *archive) close() ([]byte, error) {
	if a.err == nil {
		a.err = a.tar.Close()
	}
	return a.buf.Bytes(), a.err
}
