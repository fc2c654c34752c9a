package loop

// What tests of other packages need to see. Nothing but tests uses these names; test/arch checks that.

// Lent returns how many large buffers have users that are counted.
func Lent(p *Pool) int { return p.lent }
