"""Thirty steps with pylibmc, which is libmemcached; with a third argument, so many seconds of writes and reads.

BINARY=1 chooses the binary protocol.
"""

import os
import sys
import time

import pylibmc

from session import finish, want

binary = os.environ.get("BINARY") == "1"
c = pylibmc.Client(
    [f"{sys.argv[1]}:{sys.argv[2]}"],
    binary=binary,
    behaviors={"cas": True, "tcp_nodelay": True, "connect_timeout": 60_000, "_poll_timeout": 60_000},
)


def replace(key, value):
    try:
        return c.replace(key, value)
    except pylibmc.NotFound:  # in the binary protocol
        return False


if len(sys.argv) > 3:
    n, end = 0, time.monotonic() + float(sys.argv[3])
    while time.monotonic() < end:
        want(c.set(f"key{n % 100}", n), True)
        want(c.get(f"key{n % 100}"), n)
        n += 1
    print("steady")
    sys.exit()
big = "0123456789" * 50_000

want(c.set("a", "1"), True)
want(c.get("a"), "1")
want(c.get("none"), None)
want(c.add("a", "2"), False)
want(c.add("b", "2"), True)
want(c.get_multi(["a", "b", "none"]), {"a": "1", "b": "2"})
want(c.set_multi({f"many{i}": i for i in range(100)}), [])
want(c.get_multi([f"many{i}" for i in range(100)]), {f"many{i}": i for i in range(100)})
want(replace("a", "3"), True)
want(replace("none", "3"), False)
want(c.append("a", "4"), True)
want(c.prepend("a", "5"), True)
want(c.get("a"), "534")
want(c.set("n", 540), True)
want(c.incr("n", 6), 546)
want(c.decr("n", 46), 500)
want(c.get("n"), 500)
value, token = c.gets("b")
want(value, "2")
want(c.cas("b", "3", token), True)
want(c.cas("b", "4", token), False)
want(c.get("b"), "3")
want(c.touch("b", 1000), True)
want(c.delete("a"), True)
want(c.delete("a"), False)
want(c.set("list", [1, {"two": 3.0}]), True)
want(c.get("list"), [1, {"two": 3.0}])
want(c.set("big", big, time=1000), True)
want(c.get("big"), big)
want(c.flush_all(), True)
want(c.get_multi(["b", "n", "big"]), {})
c.disconnect_all()
finish()
