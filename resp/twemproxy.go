package resp

// TwemproxyTakes reports whether twemproxy 0.5 carries a request out or sends it to a server, whatever comes of it. It
// closes the connection over all others. The numbers of arguments are its own: not always those of Redis.
func (c *Command) TwemproxyTakes(args [][]byte) bool {
	n := len(args) - 1
	switch c.Name {
	case "ping", "quit", "command":
		return n == 0
	case "lolwut":
		return true
	case "auth", "decr", "dump", "get", "getdel", "hgetall", "hkeys", "hlen", "hvals", "incr", "llen", "persist",
		"pttl", "scard", "smembers", "strlen", "ttl", "type", "zcard":
		return n == 1
	case "append", "decrby", "expire", "expireat", "getbit", "getset", "hexists", "hget", "hstrlen", "incrby",
		"incrbyfloat", "lindex", "pexpire", "pexpireat", "rpoplpush", "setnx", "sismember", "zrank", "zrevrank",
		"zscore":
		return n == 2
	case "getrange", "hincrby", "hincrbyfloat", "hsetnx", "lrange", "lrem", "lset", "ltrim", "psetex", "setbit",
		"setex", "setrange", "smove", "zcount", "zincrby", "zlexcount", "zremrangebylex", "zremrangebyrank",
		"zremrangebyscore":
		return n == 3
	case "linsert", "lmove":
		return n == 4
	case "bitcount", "bitfield", "bitpos", "copy", "exists", "geoadd", "geodist", "geohash", "geopos", "georadius",
		"georadiusbymember", "geosearch", "geosearchstore", "getex", "hdel", "hmget", "hmset", "hrandfield", "hscan",
		"hset", "lpop", "lpos", "lpush", "lpushx", "pfadd", "pfcount", "pfmerge", "restore", "rpop", "rpush",
		"rpushx", "sadd", "sdiff", "sdiffstore", "set", "sinter", "sinterstore", "smismember", "sort", "spop",
		"srandmember", "srem", "sscan", "sunion", "sunionstore", "zadd", "zdiff", "zdiffstore", "zinter",
		"zinterstore", "zmscore", "zpopmax", "zpopmin", "zrandmember", "zrange", "zrangebylex", "zrangebyscore",
		"zrangestore", "zrem", "zrevrange", "zrevrangebylex", "zrevrangebyscore", "zscan", "zunion", "zunionstore",
		"mget", "del", "unlink", "touch":
		return n >= 1
	case "mset":
		return n >= 2 && n%2 == 0
	case "eval", "evalsha":
		keys, ok := parseInt(args[min(2, n)])
		return n >= 3 && ok && keys >= 1
	}
	return false
}
