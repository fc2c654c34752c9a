"""A session by TLS with pymemcache, which shows a certificate of its own."""

import ssl
import sys

from pymemcache.client.base import Client

host, port, ca, cert, key = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
context.load_cert_chain(cert, key)
big = b"0123456789\r\n" * 50_000

for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
    context.maximum_version = version
    c = Client((host, int(port)), tls_context=context, timeout=60, connect_timeout=60)
    for value in (b"1", big):
        assert c.set("a", value, noreply=False)
        assert c.get("a") == value
    assert c.set_many({f"many{i}": str(i) for i in range(100)}, noreply=False) == []
    assert len(c.get_many([f"many{i}" for i in range(100)])) == 100
    assert c.delete("a", noreply=False)
    assert c.get("a") is None
    c.close()
print("ok")
