package config

// surprises warns of settings that are valid, but act differently from what most people expect.
func (s *section) surprises() {
	s.warnPlacement()
	s.warnKeyless(s.pool.Servers, "servers")
	s.warnKeyless(s.pool.Backups, "backups")
	if s.pool.Timeout == 0 {
		at := s.keys["timeout"]
		if at == nil {
			at = s.name
		}
		s.warn(at, "pool %q has no timeout: requests to a server that hangs wait forever; "+
			"write one, such as timeout: 400", s.pool.Name)
	}
	if at := s.keys["server_retry_timeout"]; at != nil && s.pool.ServerRetryTimeout == 0 {
		s.warn(at, "server_retry_timeout 0 defeats auto_eject_hosts: an ejected server is probed again at once; "+
			"write a time such as 30000")
	}
	if at := s.keys["client_connections"]; at != nil && s.pool.ClientConnections > 0 {
		s.warn(at, "client_connections %d is enforced here, whereas twemproxy ignores it; write 0 for no limit",
			s.pool.ClientConnections)
	}
	if at := s.keys["server_connections"]; at != nil && s.pool.ServerConnections > 1 {
		s.warn(at, "server_connections %d has no effect: each event loop has one connection to a server, "+
			"which carries all requests", s.pool.ServerConnections)
	}
	if at := s.keys["redis_db"]; at != nil && s.pool.RedisDB != 0 && !s.pool.Redis {
		s.warn(at, "redis_db %d has no effect on a memcached pool", s.pool.RedisDB)
	}
}

// warnPlacement warns of hashes and distributions that spread keys badly or do not find them again.
func (s *section) warnPlacement() {
	p := &s.pool
	switch {
	case p.Distribution == Random:
		s.warn(s.keys["distribution"], "distribution random picks any server, so a key is found only by chance; "+
			"choose ketama unless all servers hold the same")
	case p.Distribution != "ketama" || max(len(p.Servers), len(p.Backups)) == 1:
	case p.Hash == "crc32":
		s.warn(s.keys["hash"], "hash crc32 has 15 bits, so with ketama nearly all keys go to one server; "+
			"for a cache that may start empty choose md5 or murmur")
	case p.Hash == "fnv1_64":
		s.warn(s.keys["hash"], "hash fnv1_64 with ketama spreads keys unevenly; "+
			"for a cache that may start empty choose md5 or murmur")
	}
}

// warnKeyless warns of servers whose weight is too small for a point on the ring.
func (s *section) warnKeyless(servers []Address, key string) {
	if s.names.Keyless == nil || len(servers) == 0 {
		return
	}
	list := s.keys[key].Content
	for _, i := range s.names.Keyless(s.pool.Distribution, servers) {
		s.warn(list[i], "server %q gets no key: its weight is too small beside the others; "+
			"write weights that differ less", list[i].Value)
	}
}
