package session

import (
	"magent/internal/stats"
)

// redisResult returns the result of a command, which the beginning of the reply shows: an error, nil, or anything
// else.
func redisResult(reply []byte) stats.Result {
	switch {
	case len(reply) == 0:
		return stats.OK
	case reply[0] == '-', reply[0] == '!':
		return stats.Error
	case reply[0] == '_', len(reply) >= 3 && (string(reply[:3]) == "$-1" || string(reply[:3]) == "*-1"):
		return stats.Miss
	}
	return stats.OK
}
