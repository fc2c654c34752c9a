"""A session with redis-py: scripts/session.py HOST PORT. It prints how many steps went well."""

import sys

import redis

c = redis.Redis(host=sys.argv[1], port=int(sys.argv[2]))
steps = 0


def step(got, want):
    global steps
    if got != want:
        sys.exit(f"step {steps + 1}: {got!r}, not {want!r}")
    steps += 1


def refused(call, words):
    try:
        step(call(), "an error")
    except redis.ResponseError as e:
        step(words in str(e), True)


step(c.ping(), True)
step(c.set("k", b"v\x00\r\n"), True)
step(c.get("k"), b"v\x00\r\n")
step(c.get("none"), None)
step(c.mset({f"m{i}": i for i in range(100)}), True)
step(c.mget([f"m{i}" for i in range(100)]), [str(i).encode() for i in range(100)])
step(c.delete(*[f"m{i}" for i in range(50)]), 50)
step(c.exists("m50", "m51", "m0"), 2)
step(c.dbsize(), 51)
step(c.hset("h", mapping={"a": 1, "b": 2}), 2)
step(c.hgetall("h"), {b"a": b"1", b"b": b"2"})
step(c.zadd("z", {"one": 1, "two": 2}), 2)
step(c.zrange("z", 0, -1, withscores=True), [(b"one", 1.0), (b"two", 2.0)])
step(c.lpush("l", "a", "b"), 2)
step(c.lrange("l", 0, -1), [b"b", b"a"])
step(c.expire("l", 1000), True)
step(c.ttl("l") > 990, True)
step(c.type("l"), b"list")
step(c.xadd("s", {"f": "v"}, id="1-1"), b"1-1")
step(c.xread({"s": 0}), [[b"s", [(b"1-1", {b"f": b"v"})]]])
refused(lambda: c.lpush("z", 1), "wrong kind")

with c.pipeline(transaction=False) as p:
    for i in range(300):
        p.incr(f"n{i % 10}")
    step(p.execute()[-10:], [30] * 10)
with c.pipeline(transaction=True) as p:
    p.set("{t}a", 1).incr("{t}a").get("{t}a").lpush("{t}l", "x")
    step(p.execute(), [True, 2, b"2", 1])
with c.pipeline(transaction=True) as p:
    for i in range(20):
        p.set(f"other{i}", 1)
    refused(p.execute, "hash to the same server")
step(c.exists(*[f"other{i}" for i in range(20)]), 0)

script = c.register_script("return redis.call('INCRBY', KEYS[1], ARGV[1])")
step([script(keys=[f"counter{i}"], args=[i]) for i in range(20)], list(range(20)))
step(len(set(c.scan_iter(match="m*", count=5))), 50)
step(sorted(c.keys("counter*"))[:2], [b"counter0", b"counter1"])
step({k: v for k, v in c.hscan_iter("h")}, {b"a": b"1", b"b": b"2"})

lock = c.lock("lock", timeout=100)
step(lock.acquire(), True)
step(c.lock("lock", timeout=100).acquire(blocking=False), False)
step(lock.extend(10), True)
lock.release()
step(c.exists("lock"), 0)

step(c.client_setname("me"), True)
step(c.client_id() > 0, True)
step("redis_version" in c.info(), True)
step(c.echo("hello"), b"hello")
step(len(c.command()) > 200, True)
step(c.time()[0] > 0, True)
step(c.publish("channel", "x"), 0)
step(c.blpop("l", timeout=0), (b"l", b"b"))
step(c.flushall(), True)
step(c.randomkey(), None)
print(steps, "steps")
