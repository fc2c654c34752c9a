package main

import (
	"bufio"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"magent/internal/admin"
	"magent/internal/testkit"
	"magent/internal/verify"
)

// repairSocket is a socket of a magent that answers what it is asked before a repair.
type repairSocket struct {
	path   string
	refuse atomic.Pointer[string] // why there should be no repair; nil: nothing speaks against it
	end    func()
}

// newRepairSocket serves one until the end of the test. pool is the one that has the servers; empty: there is none.
func newRepairSocket(t *testing.T, pool string) *repairSocket {
	t.Helper()
	s := &repairSocket{}
	s.path, s.end = socketOf(t, func(w http.ResponseWriter, _ *http.Request) {
		if why := s.refuse.Load(); why != nil {
			http.Error(w, *why, http.StatusConflict)
			return
		}
		_, _ = w.Write([]byte(pool + "\n"))
	})
	return s
}

// socketOf has commands answered at a socket until the end of the test, or until end is called.
func socketOf(t *testing.T, answer http.HandlerFunc) (path string, end func()) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "s")
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	pages, err := admin.Listen(admin.Options{Listener: ln, Commands: answer})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pages.Close)
	return path, pages.Close
}

func (s *repairSocket) refuses(why string) { s.refuse.Store(&why) }

// closing returns a socket that closes each connection.
func closing(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	return path
}

// guarded is a memcached pool that wants a password.
func guarded(t *testing.T) string {
	t.Helper()
	return testkit.Serve(t, func(c net.Conn) {
		if _, err := bufio.NewReader(c).ReadString('\n'); err == nil {
			_, _ = c.Write([]byte("CLIENT_ERROR unauthenticated\r\n"))
		}
	})
}

// consents asks magents, and returns the note, the reason of a refusal, and what is asked during the repair.
func consents(t *testing.T, s settled) (note, why string, o verify.Options) {
	t.Helper()
	s.primaries, s.backups, s.timeout = []string{"p:1"}, []string{"b:1"}, testkit.Patience
	note, err := s.consents(t.Context(), &o)
	if err != nil {
		why = err.Error()
	}
	return note, why, o
}

// Of the magents that nobody has named only those count that have these servers. All of them have to consent.
func TestRepairAsksAllMagents(t *testing.T) {
	t.Parallel()
	ours, others, out := newRepairSocket(t, "x"), newRepairSocket(t, ""), newRepairSocket(t, "x")
	out.refuses("primary p:1 is ejected: wait until it is up")
	gone, closed, pool := filepath.Join(t.TempDir(), "gone"), closing(t), guarded(t)
	socket := func(path string) magentOf { return magentOf{path, false} }
	for name, c := range map[string]struct {
		magents   []magentOf
		note, why string // parts of what is told; why: of a refusal
	}{
		"one has them":      {[]magentOf{socket(others.path), socket(gone), socket(ours.path)}, "", ""},
		"one is mute":       {[]magentOf{socket(closed), socket(ours.path), {pool, true}}, "", ""},
		"one refuses":       {[]magentOf{socket(ours.path), socket(out.path)}, "", out.path + ": primary p:1 is"},
		"none is there":     {[]magentOf{socket(gone)}, "no running magent was found that has these servers, so", ""},
		"none has them":     {[]magentOf{socket(others.path)}, "no running magent was found that has these", ""},
		"none can be asked": {[]magentOf{socket(others.path), socket(closed)}, "be asked (" + closed + ": ", ""},
		"a password":        {[]magentOf{{pool, true}}, "be asked (" + pool + ": it wants a password of its", ""},
	} {
		note, why, o := consents(t, settled{magents: c.magents})
		if !strings.Contains(note, c.note) || !strings.Contains(why, c.why) || (c.note == "") != (note == "") ||
			(c.why == "") != (why == "") {
			t.Errorf("%s: %q, %q", name, note, why)
		}
		if (o.Settled != nil) != (note == "" && why == "") {
			t.Errorf("%s: asked again: %v", name, o.Settled != nil)
		}
	}
}

// Who is named has to be the right one, and to be asked. Its address is said once.
func TestRepairAsksTheNamedMagent(t *testing.T) {
	t.Parallel()
	others, closed, pool := newRepairSocket(t, ""), closing(t), guarded(t)
	for _, c := range []struct {
		named magentOf
		why   string
	}{
		{magentOf{others.path, false}, "refused: the magent at " + others.path + " has none of these servers"},
		{magentOf{closed, false}, "refused: " + closed + ": "},
		{magentOf{pool, true}, "refused: " + pool + ": it wants a password"},
	} {
		note, why, _ := consents(t, settled{magents: []magentOf{c.named}, named: true})
		if note != "" || !strings.HasPrefix(why, c.why) || strings.Count(why, c.named.at) != 1 {
			t.Errorf("%q, %q", note, why)
		}
	}
}

// During the repair those are asked again that have the servers, and no others.
func TestRepairAsksThoseAgain(t *testing.T) {
	t.Parallel()
	one, two, others := newRepairSocket(t, "x"), newRepairSocket(t, "x"), newRepairSocket(t, "")
	_, why, o := consents(t, settled{magents: []magentOf{{one.path, false}, {others.path, false}, {two.path, false}}})
	if why != "" {
		t.Fatal(why)
	}
	others.refuses("it is none of their business")
	if err := o.Settled(t.Context()); err != nil {
		t.Error(err)
	}
	two.refuses("backup b:1 is ejected")
	if err := o.Settled(t.Context()); err == nil || !strings.Contains(err.Error(), "backup b:1 is ejected") {
		t.Errorf("one of two refuses: %v", err)
	}
	two.end()
	if err := o.Settled(t.Context()); err == nil || !strings.Contains(err.Error(), "does not answer any more") {
		t.Errorf("one of two has ended: %v", err)
	}
}
