"""Thirty steps with pymemcache as it is by default: what can be noreply is noreply."""

import sys

from pymemcache.client.base import Client

from session import finish, want

c = Client((sys.argv[1], int(sys.argv[2])), timeout=60, connect_timeout=60)
big = b"0123456789\r\n" * 50_000

want(c.set("a", "1"), True)
want(c.get("a"), b"1")
want(c.get("none"), None)
want(c.add("a", "2"), True)
want(c.add("b", "2"), True)
want(c.get_many(["a", "b", "none"]), {"a": b"1", "b": b"2"})
want(c.set_many({f"many{i}": str(i) for i in range(100)}), [])
want(c.get_many([f"many{i}" for i in range(100)]), {f"many{i}": str(i).encode() for i in range(100)})
want(c.replace("a", "3"), True)
want(c.append("a", "4"), True)
want(c.prepend("a", "5"), True)
want(c.get("a"), b"534")
want(c.incr("a", 6), 540)
want(c.decr("a", 40), 500)
want(c.incr("none", 1), None)
value, token = c.gets("a")
want(value, b"500")
want(c.cas("a", "501", token), True)
want(c.cas("a", "502", token), False)
want(c.get("a"), b"501")
want(c.touch("a", 1000), True)
want(c.touch("a", 1000, noreply=False), True)
want(c.set("c", "x", noreply=False, expire=1000, flags=7), True)
want(c.delete("a"), True)
want(c.get("a"), None)
want(c.delete("none", noreply=False), False)
want(c.set("big", big), True)
want(c.get("big"), big)
want(c.delete_many([f"many{i}" for i in range(100)]), True)
want(c.get_many([f"many{i}" for i in range(100)]), {})
c.flush_all()
want(c.get_many(["b", "c", "big"]), {})
c.quit()
finish()
