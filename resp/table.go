package resp

// The lines of the table. Arities are those of Redis, see Command.

// read and write have one key behind the name.
func read(name string, arity int) Command {
	return Command{Name: name, Arity: arity, First: 1, Last: 1, Step: 1}
}

func write(name string, arity int) Command {
	c := read(name, arity)
	c.Write = true
	return c
}

// readMany and writeMany have keys from first to last.
func readMany(name string, arity, first, last, step int) Command {
	return Command{Name: name, Arity: arity, First: first, Last: last, Step: step}
}

func writeMany(name string, arity, first, last, step int) Command {
	c := readMany(name, arity, first, last, step)
	c.Write = true
	return c
}

// counted has an argument that counts the keys behind it.
func counted(name string, arity, numKeys int, s special) Command {
	return Command{Name: name, Arity: arity, NumKeys: numKeys, special: s}
}

// countedWrite is a counted that writes; storing writes to a key behind the name what it makes of the counted ones.
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

// with has the keys in a special place.
func (c Command) with(s special) Command {
	c.special = s
	return c
}

// via goes elsewhere than to the server of its keys.
func (c Command) via(r Route) Command {
	c.Route = r
	return c
}

// refused is not to be had through a proxy.
func (c Command) refused(why string) Command {
	c.Route, c.Why = RouteRefused, why
	return c
}

// keyless has no keys.
func keyless(name string, arity int, r Route) Command {
	return Command{Name: name, Arity: arity, Route: r}
}

// refused is a keyless command that is not to be had through a proxy.
func refused(name string, arity int, why string) Command {
	return keyless(name, arity, RouteRefused).refused(why)
}
