package resp

import "bytes"

// Keys appends to dst the positions of the command's keys in args. If errReply is not nil the request is refused, and
// errReply is the whole error line to answer with, in Redis' words where Redis has some. Without keys and errReply
// any server will do (OBJECT HELP), unless the route says otherwise. The result is meaningless for a command that is
// RouteRefused.
func (c *Command) Keys(dst []int, args [][]byte) (keys []int, errReply []byte) {
	if !c.ArityOK(len(args)) {
		return dst, AppendWrongArity(nil, c)
	}
	switch c.special {
	case plain, specialCopy:
		return c.plainKeys(dst, args)
	case specialChannels:
		return dst, nil
	case specialSort:
		return sortKeys(dst, args, c.Write)
	case specialGeo:
		return geoKeys(dst, args), nil
	case specialStreams:
		return c.streamKeys(dst, args)
	case specialSub:
		return c.subcommandKeys(dst, args)
	}
	return c.countedKeys(dst, args)
}

// plainKeys are at the positions that First, Last and Step give.
func (c *Command) plainKeys(dst []int, args [][]byte) (keys []int, errReply []byte) {
	if c.First == 0 {
		return dst, nil
	}
	last := c.Last
	if last < 0 {
		last += len(args)
	}
	if (last-c.First+1)%c.Step != 0 {
		return dst, AppendWrongArity(nil, c)
	}
	for i := c.First; i <= last; i += c.Step {
		dst = append(dst, i)
	}
	return dst, nil
}

// countedKeys are those that an argument counts, in addition to the one at First.
func (c *Command) countedKeys(dst []int, args [][]byte) (keys []int, errReply []byte) {
	step := 1
	if c.special == specialPairs {
		step = 2
	}
	n, isNumber := parseInt(args[c.NumKeys])
	first := c.NumKeys + 1
	room := (len(args) - first) / step
	if c.special == specialPop {
		room--
	}
	if errReply = c.countError(n, isNumber, int64(room)); len(errReply) > 0 {
		return dst, errReply
	}
	if c.First > 0 {
		dst = append(dst, c.First)
	}
	for i := range int(n) {
		dst = append(dst, first+i*step)
	}
	return dst, nil
}

// countError returns the error for a count of n keys where the request has room for room keys, or nil.
func (c *Command) countError(n int64, isNumber bool, room int64) []byte {
	switch c.special {
	case specialScript, specialFunction:
		switch {
		case !isNumber && c.special == specialScript:
			return []byte(errNotInteger)
		case !isNumber:
			return []byte(errBadNumKeys)
		case n > room:
			return []byte(errManyKeys)
		case n < 0:
			return []byte(errNegativeKeys)
		}
	case specialCount, specialPop:
		switch {
		case !isNumber || n < 1:
			return []byte(errZeroNumKeys)
		case n > room && c.special == specialCount:
			return []byte(errManyKeys)
		case n > room:
			return []byte(errSyntax)
		}
	default:
		switch {
		case !isNumber:
			return []byte(errNotInteger)
		case n < 1:
			return AppendError(nil, "ERR at least 1 input key is needed for '"+c.Name+"' command")
		case n > room:
			return []byte(errSyntax)
		}
	}
	return nil
}

// sortKeys are the key to sort and the one to store to. Patterns could name keys on any server, so they are refused,
// as in a Redis cluster. BY without an asterisk and GET # name no keys.
func sortKeys(dst []int, args [][]byte, stores bool) (keys []int, errReply []byte) {
	store := 0
	for i := 2; i < len(args); i++ {
		left := len(args) - 1 - i
		switch option := args[i]; {
		case equalFold(option, "asc"), equalFold(option, "desc"), equalFold(option, "alpha"):
		case equalFold(option, "limit") && left >= 2:
			i += 2
		case equalFold(option, "store") && left >= 1 && stores:
			i++
			store = i
		case equalFold(option, "by") && left >= 1:
			i++
			if bytes.IndexByte(args[i], '*') >= 0 {
				return dst, []byte(errSortBy)
			}
		case equalFold(option, "get") && left >= 1:
			i++
			if string(args[i]) != "#" {
				return dst, []byte(errSortGet)
			}
		default:
			return dst, []byte(errSyntax)
		}
	}
	dst = append(dst, 1)
	if store > 0 {
		dst = append(dst, store)
	}
	return dst, nil
}

// geoKeys are the key to search and the one to store to. If there are several of the latter, the last one counts.
func geoKeys(dst []int, args [][]byte) []int {
	store := 0
	for i := 5; i+1 < len(args); i++ {
		if equalFold(args[i], "store") || equalFold(args[i], "storedist") {
			i++
			store = i
		}
	}
	dst = append(dst, 1)
	if store > 0 {
		dst = append(dst, store)
	}
	return dst
}

// streamKeys are the first half of what follows STREAMS; options come before. The servers check the options.
func (c *Command) streamKeys(dst []int, args [][]byte) (keys []int, errReply []byte) {
	group := false
	for i := 1; i < len(args); i++ {
		left := len(args) - 1 - i
		switch option := args[i]; {
		case (equalFold(option, "block") || equalFold(option, "count") || equalFold(option, "claim")) && left >= 1:
			i++
		case equalFold(option, "group") && left >= 2:
			group = true
			i += 2
		case equalFold(option, "noack"):
		case equalFold(option, "streams") && left >= 1:
			switch {
			case left%2 != 0:
				return dst, []byte(errUnbalanced)
			case !group && c.Name == "xreadgroup":
				return dst, []byte(errNoGroup)
			}
			for k := range left / 2 {
				dst = append(dst, i+1+k)
			}
			return dst, nil
		default:
			return dst, []byte(errSyntax)
		}
	}
	return dst, []byte(errSyntax)
}
