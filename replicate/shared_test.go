package replicate

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"magent/backend"
	"magent/replicate/repair"
)

// work has servers carry out all that they are asked, and returns what that was.
func (r *rig) work() (asked [2][]string) {
	r.settle()
	for some := true; some; {
		some = false
		for i, s := range r.servers {
			for _, e := range slices.Clone(s.ends) {
				for len(e.asked) > 0 {
					asked[i] = append(asked[i], e.asked[0])
					e.execute()
					some = true
				}
				e.send()
			}
		}
		r.settle()
	}
	return asked
}

const flushedForOthers = "b was flushed for others, too"

// A backup that other groups have keys on, and that has missed more than is remembered, is cleansed key by key.
// Without other groups it is flushed.
func TestSharedBackupIsSpared(t *testing.T) {
	for _, shared := range []bool{true, false} {
		r := newRig(t, rigOptions{limit: 1, remembered: 2, shared: shared})
		defer r.close()
		p, b := r.servers[0], r.servers[1]
		for _, key := range []string{"a", "d"} {
			r.say(listener{r, "c"}, "set "+key+" 0 0 1\r\n1\r\n")
		}
		r.work()
		for _, request := range []string{"delete a\r\n", "set x 0 0 1\r\n1\r\n", "set y 0 0 1\r\n1\r\n"} {
			r.say(listener{r, "c"}, request)
		}
		r.settle()
		b.last().close()
		r.work()
		if !r.e.Dirty(1).All() {
			t.Fatal("the backup has not missed too much")
		}
		r.returns(1)
		r.settle()
		asked := r.work()
		if flushes := slices.Contains(asked[1], "flush_all\r\n"); flushes == shared {
			t.Errorf("shared %v: flushed %v", shared, flushes)
		}
		if !r.health.Readable(1) || r.e.Missed(1) {
			t.Errorf("shared %v: the backup is not repaired", shared)
		}
		left, want := b.mem.keys(), p.mem.keys()
		slices.Sort(left)
		if slices.Sort(want); !slices.Equal(left, want) || !slices.Equal(left, []string{"d", "x", "y"}) {
			t.Errorf("shared %v: the backup has %q, the primary %q", shared, left, want)
		}
		if slices.Contains(r.told, flushedForOthers) { // nothing was flushed that they have to know of
			t.Errorf("shared %v: the others are told: %q", shared, r.told)
		}
	}
}

// A flush_all whose answer is lost may have been carried out. The others are told when nothing can come of it any
// more.
func TestOthersAreToldOfLostFlush(t *testing.T) {
	r := newRig(t, rigOptions{limit: 1, shared: true})
	defer r.close()
	r.e.MarkAllMissed(1, false) // the rig closes the connection, to fill the server
	r.work()
	r.returns(1)
	r.settle()
	r.work()
	at := slices.Index(r.told, flushedForOthers)
	if back := slices.Index(r.told, "b returns"); at < 0 || at > back {
		t.Errorf("%q", r.told)
	}
}

// The others are told before a client has the answer to a flush_all.
func TestOthersAreToldOfFlush(t *testing.T) {
	r := newRig(t, rigOptions{limit: 1, shared: true})
	defer r.close()
	r.say(listener{r, "c"}, "flush_all\r\n")
	r.settle()
	r.told = nil
	r.work()
	if want := []string{flushedForOthers, "c: OK"}; !slices.Equal(r.told, want) {
		t.Errorf("%q, want %q", r.told, want)
	}
}

// They are told when a backup is flushed to repair it, and not of a primary.
func TestOthersAreToldOfRepair(t *testing.T) {
	for i, want := range []int{0, 1} {
		r := newRig(t, rigOptions{limit: 1, shared: true, classic: true}) // it cannot be filled
		defer r.close()
		r.e.MarkAllMissed(i, false)
		r.work()
		told := slices.DeleteFunc(r.told, func(what string) bool {
			return !strings.HasSuffix(what, "for others, too")
		})
		if len(told) != want {
			t.Errorf("server %d: told %d times", i, len(told))
		}
	}
}

// Who decides next begins with the records. All keys of the backup may be wrong because a flush_all was sent to it, or
// only because it was being compared: then the others have what they had, and are told nothing.
func TestOthersAreToldByTheNextOwner(t *testing.T) {
	for _, flushed := range []bool{true, false} {
		r := newRig(t, rigOptions{limit: 1, shared: true})
		defer r.close()
		r.health.HardFailure(1, r.now)
		r.e.Recall(1, repair.Past{All: true, Flushed: flushed})
		r.conns[1].Close(backend.ErrRefill)
		r.returns(1)
		r.settle()
		r.work()
		if !slices.Contains(r.told, "b is spared") {
			t.Errorf("flushed %v: it is not compared: %q", flushed, r.told)
		}
		if told := slices.Contains(r.told, flushedForOthers); told != flushed {
			t.Errorf("flushed %v: the others are told: %v", flushed, told)
		}
	}
}

// What the next owner has to know of a backup stands in the records: whether a flush_all was sent.
func TestFlushesAreRecorded(t *testing.T) {
	for what, c := range map[string]struct {
		do   func(r *rig)
		want string
	}{
		"it is compared":              {func(r *rig) { r.e.Distrust(1) }, "all 1"},
		"it has missed too much":      {func(r *rig) { r.e.MarkMissed(1, []byte("k")) }, "all 1"},
		"it has not got a flush_all":  {func(r *rig) { r.e.MarkAllMissed(1, false) }, "all 1"},
		"nobody heard of a flush_all": {func(r *rig) { r.e.MarkAllMissed(1, true) }, "all 1 flushed"},
	} {
		r := newRig(t, rigOptions{limit: 1, shared: true, remembered: 1})
		defer r.close()
		r.health.HardFailure(1, r.now)
		r.e.MarkMissed(1, []byte("j"))
		var n notes
		r.e.SetJournal(&n)
		c.do(r)
		if !slices.Contains(n, c.want) {
			t.Errorf("%s: recorded %q", what, n)
		}
	}
	r := newRig(t, rigOptions{limit: 1, shared: true})
	defer r.close()
	var n notes
	r.e.SetJournal(&n)
	r.e.MarkAllMissed(1, false) // it is up, and so it is flushed
	if !slices.Contains(n, "all 1 flushed") || len(r.servers[1].ends) == 0 {
		t.Errorf("a flush_all is sent: recorded %q", n)
	}
}

// A flush_all of a client that was not sent to a backup, or that the backup has refused, has emptied nothing.
func TestOthersAreNotToldOfNoFlush(t *testing.T) {
	const most = 1000 // requests that a rig has under way
	for what, spoil := range map[string]func(r *rig){
		"it is down": func(r *rig) {
			r.health.HardFailure(1, r.now)
			r.conns[1].Close(backend.ErrRefill)
		},
		"the primary has no room": func(r *rig) {
			for range most {
				r.say(listener{r, "other"}, "get k\r\n")
			}
		},
		"it refuses": func(r *rig) {},
	} {
		r := newRig(t, rigOptions{limit: 1, shared: true})
		defer r.close()
		spoil(r)
		r.settle()
		r.say(listener{r, "c"}, "flush_all\r\n")
		r.settle()
		for _, e := range r.servers[1].ends {
			if slices.Equal(e.asked, []string{"flush_all\r\n"}) {
				e.asked = nil
				_, _ = unix.Write(e.fd, []byte("CLIENT_ERROR flush_all not allowed\r\n"))
			}
		}
		r.work()
		told := slices.DeleteFunc(r.told, func(what string) bool {
			return what != flushedForOthers && !strings.HasPrefix(what, "c: ")
		})
		if len(told) != 1 || told[0] == flushedForOthers {
			t.Errorf("%s: %q", what, told)
		}
	}
}
