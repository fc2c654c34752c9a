package proxy

import (
	"errors"
	"strings"
	"testing"

	"magent/internal/config"
	"magent/internal/owner"
	"magent/internal/testkit"
)

// Two members are told of the same new pool at once, and have its primaries and backups the other way round. One of
// them is first, and the other one takes part in its change, so that both reloads succeed.
func TestFleetIsToldTwice(t *testing.T) {
	t.Parallel()
	f := newFleetRig(t, 3, 2)
	all := f.withFiles()
	servers, backups := []config.Address{f.more()}, []config.Address{f.more()}
	for _, name := range []string{"more", "other", "third"} {
		all.another(name, servers, backups)
		told := []int{0, 2}
		errs := make(chan error, len(told))
		for _, i := range told {
			go func() { errs <- all.once(i) }()
		}
		for range told {
			if err := testkit.Await(t, "a reload", errs); err != nil {
				t.Fatal(err)
			}
		}
		for i := range f.svcs {
			all.follows(i)
		}
	}
}

// once has a member reload. It is not repeated because another member was faster.
func (a *files) once(i int) error {
	a.mu[i].Lock()
	err := a.f.svcs[i].Reload(append(a.pools[i:i+1:i+1], a.redis[i]...))
	a.mu[i].Unlock()
	if err != nil && mayRepeat(err) && !errors.Is(err, owner.ErrOvertaken) {
		return a.reload(i)
	}
	return err
}

// follows waits until a member has the pools of its file, and looks whether it serves them.
func (a *files) follows(i int) {
	a.f.t.Helper()
	testkit.Until(a.f.t, "a member has its pools", func() bool {
		a.mu[i].Lock()
		defer a.mu[i].Unlock()
		return len(a.f.svcs[i].Addrs()) == 1+len(a.redis[i]) && a.f.svcs[i].turn == nil
	})
	a.serves(i)
}

// What a member has planned is void when the view has a change to the same pools in other roles by then, and that one
// is not given up. The member plans anew and takes part.
func TestFleetIsOvertaken(t *testing.T) {
	t.Parallel()
	f := newFleetRig(t, 3, 2)
	all := f.withFiles()
	all.another("more", []config.Address{f.more()}, []config.Address{f.more()})
	svc, file := f.svcs[0], append(all.pools[:1:1], all.redis[0]...)
	all.mu[0].Lock()
	turn := all.undecided(file)
	other := make(chan error, 1)
	go func() { other <- all.reload(2) }()
	testkit.Until(t, "the view has a change", func() bool {
		return strings.HasSuffix(svc.member.Figures().Reason, " is ready for other pools")
	})
	if err := svc.member.GoOver(turn, func() {}); !errors.Is(err, owner.ErrOvertaken) {
		t.Errorf("%v, want: %v", err, owner.ErrOvertaken)
	}
	err := svc.Reload(file)
	all.mu[0].Unlock()
	if err != nil {
		t.Error(err)
	}
	if err := testkit.Await(t, "the other member's reload", other); err != nil {
		t.Error(err)
	}
	for i := range f.svcs {
		all.follows(i)
	}
}
