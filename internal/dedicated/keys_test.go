package dedicated

import (
	"errors"
	"slices"
	"testing"

	"magent/backend/ring"
)

// TestRehashOfMany checks that the watching ends when any of the watched keys belongs to another server, whichever
// command named it, and only then.
func TestRehashOfMany(t *testing.T) {
	two, err := ring.New("ketama", []ring.Member{{Name: "a", Weight: 1}, {Name: "b", Weight: 1}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var stays, moves []uint32
	for hash := uint32(1); len(stays) < 2 || len(moves) < 1; hash += 1 << 24 {
		if two.Pick(hash) == 0 {
			stays = append(stays, hash)
		} else {
			moves = append(moves, hash)
		}
	}
	r := newRig(t, 10)
	r.do(func() { r.set.servers.Primaries = two })
	for _, tt := range []struct {
		first, then []uint32
		lost        bool
	}{
		{stays[:1], stays[1:2], false},
		{[]uint32{stays[0], moves[0]}, nil, true},
		{stays[:1], moves[:1], true},
		{moves[:1], stays[:1], true},
		{slices.Repeat(stays, fewKeys), stays[:1], false},
		{slices.Concat(slices.Repeat(stays, fewKeys), moves[:1]), stays[:1], true},
		{stays[:1], slices.Concat(moves[:1], slices.Repeat(stays, fewKeys)), true},
	} {
		line := r.take()
		r.do(func() {
			line.Watch(tt.first, deadline)
			line.Answered()
			line.Watch(tt.then, deadline)
			line.Answered()
			r.set.Rehash()
			if line.Ended() != tt.lost || tt.lost && !errors.Is(line.Conn().Err(), errElsewhere) {
				t.Errorf("%v, %v: ended %v, %v", tt.first, tt.then, line.Ended(), line.Conn().Err())
			}
			line.Return(false)
		})
	}
}

// TestFollowOfNew checks that a connection does not become one to a server that has been replaced while it was made.
func TestFollowOfNew(t *testing.T) {
	r := newRig(t, 10)
	why := errors.New("replaced")
	r.do(func() {
		line, err := r.set.Take(0, r)
		if err != nil {
			t.Fatal(err)
		}
		if line.Conn().Ready() {
			t.Error("it is made already")
		}
		r.set.Follow(0, nil, why)
		if !line.Ended() || !errors.Is(line.Conn().Err(), why) {
			t.Errorf("ended %v, %v", line.Ended(), line.Conn().Err())
		}
	})
	r.figures(0, 0, 0)
}
