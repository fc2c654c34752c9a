package link

import (
	"context"
	"fmt"
	"time"
)

// A connection for a command carries one frame from who has dialed, and the answer.

// Command has a member carry a command out, and returns its answer. It returns when ctx is done, at the latest. Then,
// and after any error, the command may have been carried out all the same. It is not begun any more when the member
// has noticed.
func (l *Links) Command(ctx context.Context, name string, body []byte) (answer []byte, err error) {
	d := l.dialers[name]
	if d == nil {
		return nil, fmt.Errorf("there is no member %q", name)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(l.ctx, cancel)()
	conn, _, err := d.connect(ctx, max(greetingTime, d.opt.Patience), d.hello(KindCommand))
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	if _, err = conn.Write(appendFrame(nil, body)); err == nil {
		answer, err = readFrame(conn, MaxFrame)
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return answer, err
}
