package stats

// RedisResult returns the result of a command of Redis, which the beginning of the reply shows: an error, nil, or
// anything else.
func RedisResult(reply []byte) Result {
	switch {
	case len(reply) == 0:
		return OK
	case reply[0] == '-', reply[0] == '!':
		return Error
	case reply[0] == '_', len(reply) >= 3 && (string(reply[:3]) == "$-1" || string(reply[:3]) == "*-1"):
		return Miss
	}
	return OK
}
