package resp

// Constructors of the lines of the table. Arities are those of Redis, see Command.

// read and write are for commands with one key, behind the name.
func read(name string, arity int) Command {
	return Command{Name: name, Arity: arity, First: 1, Last: 1, Step: 1}
}

func write(name string, arity int) Command {
	c := read(name, arity)
	c.Write = true
	return c
}

// readMany and writeMany are for commands with keys from first to last, every step-th argument.
func readMany(name string, arity, first, last, step int) Command {
	return Command{Name: name, Arity: arity, First: first, Last: last, Step: step}
}

func writeMany(name string, arity, first, last, step int) Command {
	c := readMany(name, arity, first, last, step)
	c.Write = true
	return c
}

// counted is for commands with an argument at numKeys that counts the keys behind it.
func counted(name string, arity, numKeys int, s special) Command {
	return Command{Name: name, Arity: arity, NumKeys: numKeys, special: s}
}

// countedWrite is counted for commands that write. storing is for those that write to a key behind the name what they
// compute from the counted ones.
func countedWrite(name string, arity, numKeys int, s special) Command {
	c := counted(name, arity, numKeys, s)
	c.Write = true
	return c
}

func storing(name string, arity, numKeys int, s special) Command {
	c := write(name, arity)
	c.NumKeys, c.special = numKeys, s
	return c
}

// with marks the command's keys as special.
func (c Command) with(s special) Command {
	c.special = s
	return c
}

// via sends the command elsewhere than to the server of its keys.
func (c Command) via(r Route) Command {
	c.Route = r
	return c
}

// waits marks a command that may wait.
func (c Command) waits(w Waits) Command {
	c.Waits = w
	return c
}

// two marks a command that concerns two databases. why is the text for clients that have one.
func (c Command) two(why string) Command {
	c.Two, c.Why = true, why
	return c
}

// refused makes it a command that the proxy refuses. why is the text for the client.
func (c Command) refused(why string) Command {
	c.Route, c.Why = RouteRefused, why
	return c
}

// keyless is for commands without keys.
func keyless(name string, arity int, r Route) Command {
	return Command{Name: name, Arity: arity, Route: r}
}

// refused is for commands without keys that the proxy refuses.
func refused(name string, arity int, why string) Command {
	return keyless(name, arity, RouteRefused).refused(why)
}
