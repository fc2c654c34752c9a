package config

import (
	"time"

	yaml "go.yaml.in/yaml/v4"
)

// poolKey is a key of a pool, and the function that parses its value.
type poolKey struct {
	name string
	list bool
	read func(*section, *yaml.Node)
}

// poolKeys are twemproxy's keys in the order of its manual, and ours.
var poolKeys = [...]poolKey{
	{"listen", false, (*section).listen},
	{"hash", false, (*section).hash},
	{"hash_tag", false, (*section).hashTag},
	{"distribution", false, (*section).distribution},
	{"timeout", false, func(s *section, n *yaml.Node) { s.milliseconds(n, 0, &s.pool.Timeout) }},
	{"backlog", false, func(s *section, n *yaml.Node) { s.number(n, 0, maxNumber, &s.pool.Listen[0].Backlog) }},
	{"client_connections", false, func(s *section, n *yaml.Node) {
		s.number(n, 0, maxNumber, &s.pool.ClientConnections)
	}},
	{"redis", false, func(s *section, n *yaml.Node) { s.truth(n, &s.pool.Redis) }},
	{"redis_auth", false, func(s *section, n *yaml.Node) { s.pool.RedisAuth = n.Value }},
	{"redis_db", false, func(s *section, n *yaml.Node) { s.number(n, 0, maxNumber, &s.pool.RedisDB) }},
	{"databases", false, func(s *section, n *yaml.Node) { s.truth(n, &s.pool.Databases) }},
	{"dedicated_connections", false, func(s *section, n *yaml.Node) { s.number(n, 0, maxNumber, &s.pool.Dedicated) }},
	{"read_from", false, (*section).readFrom},
	{"preconnect", false, func(s *section, n *yaml.Node) { s.truth(n, &s.pool.Preconnect) }},
	{"tcpkeepalive", false, func(s *section, n *yaml.Node) { s.truth(n, &s.pool.Listen[0].KeepAlive) }},
	{"reuseport", false, func(s *section, n *yaml.Node) { s.truth(n, &s.pool.Listen[0].ReusePort) }},
	{"auto_eject_hosts", false, func(s *section, n *yaml.Node) { s.truth(n, &s.pool.AutoEject) }},
	{"server_connections", false, func(s *section, n *yaml.Node) {
		s.number(n, 1, maxNumber, &s.pool.ServerConnections)
	}},
	{"server_retry_timeout", false, func(s *section, n *yaml.Node) {
		s.milliseconds(n, 0, &s.pool.ServerRetryTimeout)
	}},
	{"server_failure_limit", false, (*section).failureLimit},
	{"servers", true, func(s *section, n *yaml.Node) { s.pool.Servers, s.serversAt = s.servers(n) }},

	{"backups", true, func(s *section, n *yaml.Node) { s.pool.Backups, s.backupAt = s.servers(n) }},
	{"drained", true, func(s *section, n *yaml.Node) { s.drainedAt = n }},
	{"ack", false, (*section).ack},
	{"max_value", false, func(s *section, n *yaml.Node) { s.maxValueAt = n }},
	{"dirty_keys", false, func(s *section, n *yaml.Node) { s.number(n, 1, maxKeys, &s.pool.MaxDirty) }},
	{"refill_rate", false, func(s *section, n *yaml.Node) { s.number(n, 0, maxKeys, &s.pool.RefillRate) }},
	{"hot_cache", false, (*section).hotCache},
	{"hot_refresh", false, func(s *section, n *yaml.Node) {
		s.milliseconds(n, int(MinHotRefresh/time.Millisecond), &s.pool.HotRefresh)
	}},
	{"probe_interval", false, func(s *section, n *yaml.Node) { s.milliseconds(n, 1, &s.pool.ProbeInterval) }},
	{"tls_cert", false, func(s *section, n *yaml.Node) { s.pool.TLSCert = s.beside(n.Value) }},
	{"tls_key", false, func(s *section, n *yaml.Node) { s.pool.TLSKey = s.beside(n.Value) }},
	{"tls_client_ca", false, func(s *section, n *yaml.Node) { s.pool.TLSClientCA = s.beside(n.Value) }},
	{"tls_listen", false, (*section).tlsListen},
	{"server_tls", false, func(s *section, n *yaml.Node) { s.truth(n, &s.pool.ServerTLS) }},
	{"server_tls_ca", false, func(s *section, n *yaml.Node) { s.pool.ServerTLSCA = s.beside(n.Value) }},
	{"server_tls_cert", false, func(s *section, n *yaml.Node) { s.pool.ServerTLSCert = s.beside(n.Value) }},
	{"server_tls_key", false, func(s *section, n *yaml.Node) { s.pool.ServerTLSKey = s.beside(n.Value) }},
	{"server_tls_name", false, func(s *section, n *yaml.Node) { s.pool.ServerTLSName = n.Value }},
	{"auth_file", false, func(s *section, n *yaml.Node) { s.pool.AuthFile = s.beside(n.Value) }},
	{"server_auth_file", false, func(s *section, n *yaml.Node) { s.pool.ServerAuthFile = s.beside(n.Value) }},
	{"compat_close", false, func(s *section, n *yaml.Node) { s.truth(n, &s.pool.CompatClose) }},
	{"compat_errors", false, func(s *section, n *yaml.Node) { s.truth(n, &s.pool.CompatErrors) }},
}

// filePool returns a pool with the defaults: twemproxy's, and for our own keys those of the flags.
func filePool(name string) Pool {
	return Pool{
		Name: name, Distribution: "ketama", Ack: AckAll,
		Listen:         []Listen{{Backlog: 512}},
		ConnectTimeout: DefaultConnectTimeout, ServerFailureLimit: 2, ServerRetryTimeout: 30 * time.Second,
		ServerConnections: 1, ProbeInterval: DefaultProbeInterval, RefillRate: DefaultRefillRate,
		HotRefresh: DefaultHotRefresh,
	}
}

// section parses the keys of one pool.
func (f *file) section(raw rawPool) *section {
	s := &section{file: f, name: raw.name, pool: filePool(raw.name.Value), keys: map[string]*yaml.Node{}}
	s.pool.CompatErrors = f.names.CompatErrors
	for i := 0; i < len(raw.entries); i += 2 {
		s.entry(raw.entries[i], raw.entries[i+1])
	}
	s.check()
	return s
}

// entry parses one key of a pool.
func (s *section) entry(key, value *yaml.Node) {
	known := findKey(key.Value)
	first := s.keys[key.Value]
	switch {
	case key.Kind != yaml.ScalarNode:
		s.fail(key, "found %s in the place of a key: write one key and its value per line", kindOf(key))
	case known == nil:
		s.unknown(key)
	case first != nil:
		s.fail(key, "%s is already in line %d: leave one of them out", key.Value, first.Line)
	case known.list && value.Kind != yaml.SequenceNode:
		s.keys[key.Value] = key
		s.fail(key, "%s takes a list: write each server in a line of its own, behind \"- \"", key.Value)
	case !known.list && value.Kind != yaml.ScalarNode:
		s.keys[key.Value] = key
		s.fail(key, "%s takes one value, not %s: write it behind the ':'", key.Value, kindOf(value))
	case !known.list && value.Value == "":
		s.keys[key.Value] = key
		s.fail(key, "%s has no value: write one behind the ':', or leave the key out", key.Value)
	default:
		s.key, s.keys[key.Value] = key.Value, value
		known.read(s, value)
	}
}

func findKey(name string) *poolKey {
	for i := range poolKeys {
		if poolKeys[i].name == name {
			return &poolKeys[i]
		}
	}
	return nil
}

func (s *section) unknown(key *yaml.Node) {
	var names []string
	for _, k := range poolKeys {
		names = append(names, k.name)
	}
	_, err := ParseChoice(key.Value, names)
	s.fail(key, "key %v", err)
}
