package session

import (
	"bytes"

	"magent/ascii"
	"magent/internal/call"
	"magent/internal/slowlog"
)

// note remembers what was asked for.
func (s *Session) note(c *call.Call) {
	command, _ := ascii.NextKey(bytes.TrimSpace(s.sh.req.Head))
	key := s.sh.req.Key
	if s.redis != nil {
		command, key = nil, nil
		if r := &s.sh.Redis.Request; len(r.Args) > 0 {
			command = r.Args[0]
			if cmd := r.Command; cmd != nil && cmd.First == 1 && len(r.Args) > 1 {
				key = r.Args[1]
			}
		}
	}
	c.Note = slowlog.AppendNote(c.Note[:0], command, key)
}

// slow logs a request that took waited nanoseconds.
func (s *Session) slow(c *call.Call, waited int64) {
	s.sh.slow.Write(s.sh.Log, s.sh.L.Now(), slowlog.Request{
		Pool: s.pool.Name, Note: c.Note, Keys: c.Keys, Waited: waited, ShowKey: s.sh.group.SlowKeys,
		ServerOf: func(key []byte) string { return s.pool.Conns[s.pool.Engine.PrimaryOf(key)].Name() },
	})
}
