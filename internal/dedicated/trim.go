package dedicated

import (
	"slices"

	"magent/backend"
)

// Trim closes connections that nobody has used for a while. Clients that wait at a server which has been out of use
// since the last Trim get its error.
func (s *Set) Trim() {
	for _, kept := range s.idle {
		n := 0
		for n < len(kept) && s.l.Now()-kept[n].since >= int64(idleTime) {
			n++
		}
		for _, line := range slices.Clone(kept[:n]) {
			line.end(backend.ErrShutdown)
		}
	}
	for line := range s.used {
		if line.listens && line.silent() {
			line.end(backend.ErrTimeout)
			continue
		}
		away := !s.servers.Health.Usable(line.server)
		if away && line.away {
			line.end(s.trouble(line.server))
			continue
		}
		line.away = away
	}
}

// trouble returns why a server is out of use.
func (s *Set) trouble(server int) error {
	if err := s.servers.Conns[server].Err(); err != nil {
		return err
	}
	return backend.ErrClosed
}
