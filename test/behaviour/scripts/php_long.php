<?php
// php's Memcached, in text: a getMulti whose line is longer than 1 MiB finds nothing, and the connection goes on.
$c = new Memcached();
$c->setOption(Memcached::OPT_CONNECT_TIMEOUT, 60000);
$c->setOption(Memcached::OPT_POLL_TIMEOUT, 60000);
$c->addServer($argv[1], (int)$argv[2]);
$keys = [];
for ($i = 0; $i < 60000; $i++) {
	$keys[] = sprintf("a-key-of-some-length-%06d", $i);
}

function want($got, $expected) {
	global $c;
	if ($got !== $expected) {
		fwrite(STDERR, "got " . substr(var_export($got, true), 0, 200) . ", want " . var_export($expected, true) .
			", " . $c->getResultMessage() . "\n");
		exit(1);
	}
}

function connections() {
	global $c;
	return array_values($c->getStats())[0]["total_connections"];
}

$before = connections();
for ($n = 0; $n < 3; $n++) {
	want($c->set($keys[0], "v$n"), true);
	want($c->getMulti($keys), []);
	want($c->getResultCode(), Memcached::RES_NOTFOUND);
	want($c->get($keys[0]), "v$n");
	want($c->getMulti(array_slice($keys, 0, 3)), [$keys[0] => "v$n"]);
}
want(connections(), $before);
echo "it goes on\n";
