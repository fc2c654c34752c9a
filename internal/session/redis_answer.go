package session

import (
	"magent/resp"
)

// reject answers a command that cannot be carried out for what it is. twemproxy closes the connection without a word instead
// (compat_close).
func (s *Session) reject(line []byte) {
	s.sh.Line = line
	s.pool.Count.ClientErrors++
	if s.pool.Config.CompatClose {
		s.wrong = true
		s.stop()
		return
	}
	s.spoil()
	s.redisCall(1, 0, 0).Answer(line)
}

// rejectArity answers a command with too few arguments, or too many. An EXEC of that kind ends the transaction.
func (s *Session) rejectArity(cmd *resp.Command) {
	line := resp.AppendWrongArity(s.sh.Line[:0], cmd)
	if cmd.Name == "exec" {
		s.endMulti()
		line = append(s.sh.Line[:0], "-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command\r\n"...)
	}
	s.reject(line)
}

// reply answers with a text of the proxy's own. It takes the command out of the transaction that is being collected, which
// therefore fails.
func (s *Session) reply(line string) {
	s.spoil()
	s.redisCall(1, 0, 0).Answer([]byte(line))
}

// tell answers with bytes that were appended to the shard's scratch line, which is not kept when they are many.
func (s *Session) tell(line []byte) {
	s.redisCall(1, 0, 0).Answer(line)
	if cap(line) <= MaxKeptLine {
		s.sh.Line = line
	}
}

// MaxKeptLine bounds what the shard keeps of a scratch line that a client can make as large as a value.
const MaxKeptLine = 64 << 10

// abandon answers a request after which the connection cannot go on.
func (s *Session) abandon(line string) {
	s.wrong = true
	s.say(line)
	s.stop()
}
