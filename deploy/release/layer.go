package main

import (
	"archive/tar"
	"fmt"
	"os"
	"path"
	"strings"
)

// userID is that of the user and the group that magent runs as in a container.
const userID = 65532

// layer is the one layer of the image: the files PATH=SOURCE, and what a process needs around it. diffID names its content.
func (o *options) layer() (layer []byte, diffID string, err error) {
	a := &archive{time: o.time}
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
	a.file("etc/passwd", fmt.Appendf(nil, "root:x:0:0:root:/:/sbin/nologin\nmagent:x:%d:%d:magent:/:/sbin/nologin\n", userID, userID))
	a.file("etc/group", fmt.Appendf(nil, "root:x:0:\nmagent:x:%d:\n", userID))
	dir("tmp", 0o1777, 0)
	dir("var/lib/magent", 0o700, userID) // for --state-dir
	dir("run/magent", 0o755, userID)     // for unix sockets
	for _, arg := range o.args {
		name, source, ok := strings.Cut(arg, "=")
		if !ok {
			return nil, "", fmt.Errorf("%q is not PATH=SOURCE", arg)
		}
		content, err := os.ReadFile(source)
		if err != nil {
			return nil, "", err
		}
		info, err := os.Stat(source)
		if err != nil {
			return nil, "", err
		}
		mode := int64(0o644)
		if info.Mode()&0o100 != 0 {
			mode = 0o755
		}
		name = strings.TrimPrefix(name, "/")
		dir(path.Dir(name), 0o755, 0)
		a.entry(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode}, content)
	}
	content, err := a.close()
	if err != nil {
		return nil, "", err
	}
	layer, err = compress(content)
	return layer, digest(content), err
}
