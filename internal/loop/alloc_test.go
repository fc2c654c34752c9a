//go:build !race

package loop

import "testing"

func TestTimersAllocateNothing(t *testing.T) {
	var l Loop
	timer := NewTimer(func() {})
	l.Set(timer, 1)
	if n := testing.AllocsPerRun(100, func() {
		l.Set(timer, 1)
		l.now += 2
		l.timers.fire(l.now)
		l.Set(timer, 1)
		l.Unset(timer)
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestPostAllocatesNothing(t *testing.T) {
	l := idle(t)
	task := TaskFunc(func() {})
	if n := testing.AllocsPerRun(1000, func() {
		l.Post(task)
		l.mail.deliver()
		l.SendTo(l, task)
		l.endTurn(0)
		l.mail.deliver()
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// To receive a message and send it back allocates nothing.
func TestStreamAllocatesNothing(t *testing.T) {
	l := idle(t)
	s, peer := openStream(t, l)
	message, back := pattern(100, 1), make([]byte, 2*LargeWrite)
	large := pattern(LargeWrite, 2)
	if n := testing.AllocsPerRun(100, func() {
		_, _ = Send(peer, message)
		data, _ := s.Read(0)
		s.Keep(data[50:])
		_, _ = Send(peer, message)
		data, _ = s.Read(0)
		s.Write(data)
		s.Keep(nil)
		_ = s.WriteLarge(large)
		_ = s.Flush()
		_, _ = Recv(peer, back)
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
