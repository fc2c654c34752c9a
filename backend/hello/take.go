package hello

import (
	"magent/ascii"
	"magent/resp"
)

// Begin begins a conversation. It returns the first step, which has something to write. shy leaves the questions about
// meta commands out.
func (t *Talk) Begin(opt Options, shy bool) Step {
	t.opt, t.shy, t.framer, t.resp = opt, shy, ascii.Framer{}, resp.Framer{}
	t.said, t.introduced, t.asking, t.login = true, false, NoMeta, 0
	switch {
	case opt.Redis != nil:
		t.resp.Proto = opt.Redis.Proto
		t.out = opt.Redis.append(t.out[:0])
		return Step{Write: t.out}
	case opt.Password != nil:
		t.said = false
		return Step{Write: opt.Password(), Knocks: !opt.Greet}
	}
	t.out = t.out[:0]
	return t.introduce()
}

// Take takes what has arrived, behind what was kept. waiting has the requests that wait for the connection.
func (t *Talk) Take(data, waiting []byte) Step {
	switch {
	case t.opt.Redis != nil:
		return t.takeLogin(data, waiting)
	case !t.said:
		return t.takeAdmission(data)
	case t.introduced:
		return t.takeAnswer(data)
	}
	return t.takeIntroduction(data)
}
