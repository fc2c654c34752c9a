package config

import yaml "go.yaml.in/yaml/v4"

// DefaultRedisValue is the default and maximum size in bytes of an argument of a command in a Redis pool. It is
// Redis' own proto-max-bulk-len.
const DefaultRedisValue = 512 << 20

// DefaultDedicated is the default number of connections to servers that the clients of a Redis pool do not share.
const DefaultDedicated = 1000

// sentinelExample is an example of a server line for a Redis master that is known by its sentinels.
const sentinelExample = `"- sentinel://10.0.0.1:26379,10.0.0.2:26379/mymaster:1"`

// checkProtocol checks what depends on the protocol of the pool. That key may come behind those that depend on it.
func (s *section) checkProtocol() {
	if s.pool.Redis {
		s.checkRedis()
		return
	}
	for _, name := range []string{"redis_auth", "compat_close", "databases", "dedicated_connections", "read_from"} {
		if at := s.keys[name]; at != nil {
			s.fail(at, "%s is for Redis pools: write redis: true, or leave it out", name)
		}
	}
	s.refuseSentinels(s.pool.Servers, s.serversAt)
	s.refuseSentinels(s.pool.Backups, s.backupAt)
	s.checkMaxValue(maxValue)
}

// refuseSentinels refuses servers of a memcached pool that are given by sentinels.
func (s *section) refuseSentinels(servers []Address, at []*yaml.Node) {
	for i, a := range servers {
		if a.Network == "sentinel" {
			s.fail(at[i], "server %q: sentinels know Redis servers only: add redis: true to the pool, or %s",
				at[i].Value, serverForms)
		}
	}
}

// checkRedis checks a Redis pool, and sets its defaults.
func (s *section) checkRedis() {
	if at := s.keys["backups"]; at != nil {
		s.fail(at, "backups is for memcached pools: Redis copies its data itself; give each master replicas and "+
			"sentinels, "+
			"and write it under servers as %s", sentinelExample)
		s.pool.Backups, s.backupAt = nil, nil
	}
	for _, name := range []string{"auth_file", "server_auth_file"} {
		if at := s.keys[name]; at != nil {
			s.fail(at, "%s is for memcached pools: write redis_auth: PASSWORD", name)
		}
	}
	for _, name := range []string{"hot_cache", "hot_refresh"} {
		if at := s.keys[name]; at != nil {
			s.fail(at, "%s is for memcached pools: leave it out", name)
		}
	}
	for _, name := range []string{"ack", "dirty_keys", "refill_rate"} {
		if at := s.keys[name]; at != nil {
			s.fail(at, "%s is about second copies, which Redis pools do not have: leave it out", name)
		}
	}
	if s.keys["dedicated_connections"] == nil {
		s.pool.Dedicated = DefaultDedicated
	}
	s.pool.MaxValue = DefaultRedisValue
	s.checkMaxValue(DefaultRedisValue)
	s.checkReadFrom()
}

// checkReadFrom refuses servers whose replicas nobody can be asked for.
func (s *section) checkReadFrom() {
	if !s.pool.ReadFrom.Elsewhere() {
		return
	}
	for i, a := range s.pool.Servers {
		if a.Network != "sentinel" {
			s.fail(s.serversAt[i], "server %q: read_from: %s needs Sentinels, which know the replicas: write the "+
				"server as %s, or leave read_from out", s.serversAt[i].Value, s.pool.ReadFrom, sentinelExample)
		}
	}
}

// checkMaxValue parses max_value, if it is there. Its limits depend on the protocol.
func (s *section) checkMaxValue(most int) {
	if s.maxValueAt == nil {
		return
	}
	size, err := ParseSize(s.maxValueAt.Value, 1, most)
	if err != nil {
		s.fail(s.maxValueAt, "max_value %v", err)
	}
	s.pool.MaxValue = size
}
