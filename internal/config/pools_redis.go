package config

import yaml "go.yaml.in/yaml/v4"

// DefaultRedisValue is the bytes that one argument of a command may have in a Redis pool that does not say, and may not exceed
// in any: Redis's own proto-max-bulk-len.
const DefaultRedisValue = 512 << 20

// sentinelExample is a server line of a Redis master that its sentinels know.
const sentinelExample = `"- sentinel://10.0.0.1:26379,10.0.0.2:26379/mymaster:1"`

// checkProtocol looks at what has to do with the protocol of the pool, which may stand behind the keys that depend on it.
func (s *section) checkProtocol() {
	if s.pool.Redis {
		s.checkRedis()
		return
	}
	for _, name := range []string{"redis_auth", "compat_close"} {
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
			s.fail(at[i], "server %q: sentinels know Redis servers only: add redis: true to the pool, or %s", at[i].Value, serverForms)
		}
	}
}

// checkRedis looks at a Redis pool, and gives it the defaults of one.
func (s *section) checkRedis() {
	if at := s.keys["backups"]; at != nil {
		s.fail(at, "backups is for memcached pools: Redis copies its data itself; give each master replicas and sentinels, "+
			"and write it under servers as %s", sentinelExample)
		s.pool.Backups, s.backupAt = nil, nil
	}
	for _, name := range []string{"ack", "dirty_keys", "refill_rate"} {
		if at := s.keys[name]; at != nil {
			s.fail(at, "%s is about second copies, which a Redis pool has none of: leave it out", name)
		}
	}
	s.pool.MaxValue = DefaultRedisValue
	s.checkMaxValue(DefaultRedisValue)
}

// checkMaxValue takes the value of max_value, if there is one, whose bounds depend on the protocol.
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
