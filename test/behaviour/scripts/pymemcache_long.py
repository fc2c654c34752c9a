# pymemcache: a get_many whose line is longer than 1 MiB is an error, and the client goes on.
import sys
from pymemcache.client.base import Client
from pymemcache.exceptions import MemcacheClientError

c = Client((sys.argv[1], int(sys.argv[2])), connect_timeout=60, timeout=60)
keys = ["a-key-of-some-length-%06d" % i for i in range(60000)]
for n in range(3):
    value = b"v%d" % n
    assert c.set(keys[0], value, noreply=False)
    try:
        raise SystemExit("got %d keys" % len(c.get_many(keys)))
    except MemcacheClientError as e:
        assert e.args == (b"line too long",), e
    assert c.get(keys[0]) == value
    assert c.get_many(keys[:3]) == {keys[0]: value}
print("it goes on")
