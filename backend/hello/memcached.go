package hello

import (
	"magent/ascii"
	"magent/internal/login"
)

// introduce is the step with the first command of a memcached that has accepted the password, or gets none.
func (t *Talk) introduce() Step {
	if t.opt.Greet {
		t.out = append(t.out, Identify...)
	} else {
		t.out = append(t.out, Knock...)
	}
	return Step{Write: t.out, Knocks: !t.opt.Greet}
}

// takeAdmission takes the reply to the password. A memcached that wants none has stored it, and forgets it.
func (t *Talk) takeAdmission(data []byte) Step {
	n, need, ok := t.framer.Next(data, ascii.ShapeLine, &t.reply)
	switch {
	case !ok:
		return Step{Err: ErrGarbage}
	case n == 0:
		return Step{Keep: data, Need: need}
	}
	err := Refusal(t.reply.Raw)
	if err == nil {
		err = login.Answer(t.reply.Raw)
	}
	if err == nil && n < len(data) {
		err = ErrUnasked
	}
	if err != nil {
		return Step{Err: err}
	}
	t.said = true
	t.out = append(t.out[:0], login.Forget...)
	return t.introduce()
}

// takeIntroduction takes the reply to the first command. The next question is asked only then. A memcached that
// requires a password would close the connection over that question without naming the reason.
func (t *Talk) takeIntroduction(data []byte) Step {
	shape := ascii.ShapeLine
	if t.opt.Greet {
		shape = ascii.ShapeStats
	}
	n, need, ok := t.framer.Next(data, shape, &t.reply)
	switch {
	case !ok:
		return Step{Err: ErrGarbage}
	case n == 0:
		return Step{Keep: data, Need: need}
	}
	if err := Refusal(t.reply.Raw); err != nil {
		return Step{Err: err}
	}
	t.introduced = true
	step := Step{Done: true}
	switch {
	case n < len(data):
		return Step{Err: ErrUnasked}
	case t.shy:
		t.learn(NoMeta, false)
	default:
		step = t.ask(FullMeta)
	}
	if t.opt.Greet {
		step.Stats = t.reply.Raw
	}
	return step
}

// ask is the step with the question for a form.
func (t *Talk) ask(f MetaForm) Step {
	t.asking = f
	t.out = append(t.out[:0], f.Question()...)
	return Step{Write: t.out}
}

// takeAnswer takes the answer to that question.
func (t *Talk) takeAnswer(data []byte) Step {
	has, flags, whole, ok := ReadAnswer(data)
	switch {
	case !ok:
		return Step{Err: ErrUnasked}
	case !whole:
		return Step{Keep: data}
	case has:
		t.learn(t.asking, flags && t.asking == FullMeta)
	case t.asking == FullMeta:
		return t.ask(OldMeta)
	default:
		t.learn(NoMeta, false)
	}
	return Step{Done: true}
}

func (t *Talk) learn(meta MetaForm, token bool) { t.Meta, t.Token = meta, token }
