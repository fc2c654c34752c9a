package chaos

// stepLossy is the rule that still holds if both copies of a key were out, or if memcached evicts. Any key may be a
// miss at any time, and be found again later. But what is found is the last value that was stored, never an older one,
// and deleted values do not come back.
func (s state) stepLossy(q request, got response) (bool, state) {
	switch q.op {
	case "get", "gets":
		if got.text == "" {
			return true, s
		}
		return got.text == s.value, s.hand(got.token)
	case "set", "add":
		if got.text == "NOT_STORED" { // by something that nobody has seen, perhaps
			return true, s
		}
		return true, state{value: q.arg}
	case "delete":
		return true, state{}
	case "cas":
		if got.text == "NOT_FOUND" {
			return true, s
		}
		return s.compare(q, got)
	case "append", "incr":
		want, value := apply(s.value, q)
		switch {
		case got.text == "NOT_STORED", got.text == "NOT_FOUND":
			return true, s
		case got.unknown && value == s.value:
			return true, s
		}
		return got.unknown || got.text == want, state{value: value}
	}
	return true, s // touch, lose
}
