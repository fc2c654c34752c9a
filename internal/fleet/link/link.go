package link

import (
	"context"
	"fmt"
	"net"
)

// Links are those of one member.
type Links struct {
	shared
	dialers  map[string]*dialer
	acceptor *acceptor
	stop     context.CancelFunc
}

// Open begins to connect to the others, and to accept them on a listener, which it owns. The member's own address
// has to refuse connections when its process does not run; so nothing else may listen there.
func Open(listener net.Listener, opt Options) *Links {
	ctx, stop := context.WithCancel(context.Background())
	l := &Links{shared: shared{opt: opt, ctx: ctx}, dialers: map[string]*dialer{}, stop: stop}
	l.acceptor = &acceptor{
		shared: &l.shared, listener: listener, ask: l.Ask,
		accepted: map[net.Conn]caller{}, data: map[string]int{}, twins: map[string]string{},
	}
	for _, p := range opt.Peers {
		d := &dialer{shared: &l.shared, peer: p, wake: make(chan struct{}, 1), busy: make(chan struct{}, maxDialing)}
		l.dialers[p.Name] = d
		l.done.Add(1)
		go d.run()
	}
	l.done.Add(1)
	go l.acceptor.accept()
	return l
}

// Send sends a message to a member, soon, or loses it. It never waits. body is not changed any more.
func (l *Links) Send(to string, body []byte) {
	if d := l.dialers[to]; d != nil {
		d.add(body)
	}
}

// Ask asks a member's address on a connection of its own which process answers there. It returns after a second at
// the latest. An error that wraps ErrRefused says that none does.
func (l *Links) Ask(name string) (incarnation uint64, err error) {
	d := l.dialers[name]
	if d == nil {
		return 0, fmt.Errorf("there is no member %q", name)
	}
	conn, answer, err := d.connect(l.ctx, connectTime, d.hello(KindAsk))
	if err != nil {
		return 0, err
	}
	conn.Close()
	return answer.Incarnation, nil
}

// Data makes a connection to a member that carries requests for a pool. It returns when ctx is done, at the latest,
// and after Options.Patience in any case. A refusal is an error with the member's reason.
func (l *Links) Data(ctx context.Context, name, pool string) (Data, error) {
	d := l.dialers[name]
	if d == nil {
		return Data{}, fmt.Errorf("there is no member %q", name)
	}
	data, err := d.data(ctx, pool)
	if err != nil {
		return Data{}, fmt.Errorf("to member %q for requests: %w", name, err)
	}
	return data, nil
}

// Carrying returns how many connections for requests there are with a member, made by either side.
func (l *Links) Carrying(name string) int {
	n := l.acceptor.carried(name)
	if d := l.dialers[name]; d != nil {
		n += int(d.open.Load())
	}
	return n
}

// Close ends all connections but those for requests, which belong to others, and waits for all goroutines.
func (l *Links) Close() {
	l.stop()
	l.acceptor.close()
	l.done.Wait()
}
