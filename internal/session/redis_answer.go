package session

import "magent/resp"

// reject answers a command that cannot be carried out as it is. With compat_close it closes the connection without a
// reply, as twemproxy does.
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

// rejectArity answers a command with the wrong number of arguments. Such an EXEC ends the transaction.
func (s *Session) rejectArity(cmd *resp.Command) {
	line := resp.AppendWrongArity(s.sh.Line[:0], cmd)
	if cmd.Name == "exec" {
		s.endMulti()
		line = append(s.sh.Line[:0],
			"-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command\r\n"...)
	}
	s.reject(line)
}

// reply answers with a text of the proxy's own. If a transaction is being collected, the command is not part of it,
// and the transaction fails.
func (s *Session) reply(line string) {
	s.spoil()
	s.redisCall(1, 0, 0).Answer([]byte(line))
}

// tell answers with line, which was appended to Shard.Line. The buffer is kept for the next use unless it is too
// large.
func (s *Session) tell(line []byte) {
	s.redisCall(1, 0, 0).Answer(line)
	if cap(line) <= maxKeptLine {
		s.sh.Line = line
	}
}

// abandon answers a request after which the connection cannot go on.
func (s *Session) abandon(line string) {
	s.wrong = true
	s.say(line)
	s.stop()
}
