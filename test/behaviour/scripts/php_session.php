<?php
// Thirty steps with php's Memcached, which is libmemcached, in the binary protocol; with a third argument, so many
// seconds of writes and reads.
$c = new Memcached();
$c->setOption(Memcached::OPT_BINARY_PROTOCOL, true);
$c->setOption(Memcached::OPT_TCP_NODELAY, true);
$c->setOption(Memcached::OPT_CONNECT_TIMEOUT, 60000);
$c->setOption(Memcached::OPT_POLL_TIMEOUT, 60000);
$c->addServer($argv[1], (int)$argv[2]);
$steps = 0;

function want($got, $expected) {
	global $steps, $c;
	$steps++;
	if ($got !== $expected) {
		fwrite(STDERR, "step $steps: got " . substr(var_export($got, true), 0, 200) . ", want " .
			substr(var_export($expected, true), 0, 200) . ", " . $c->getResultMessage() . "\n");
		exit(1);
	}
}

if (isset($argv[3])) {
	for ($n = 0, $end = microtime(true) + (float)$argv[3]; microtime(true) < $end; $n++) {
		want($c->set("key" . $n % 100, $n), true);
		want($c->get("key" . $n % 100), $n);
	}
	echo "steady\n";
	exit(0);
}
$big = str_repeat("0123456789", 50000);
want($c->set("a", "1"), true);
want($c->get("a"), "1");
want($c->get("none"), false);
want($c->getResultCode(), Memcached::RES_NOTFOUND);
want($c->add("a", "2"), false);
want($c->add("b", "2"), true);
want($c->getMulti(["a", "b", "none"]), ["a" => "1", "b" => "2"]);
$many = [];
for ($i = 0; $i < 100; $i++) {
	$many["many$i"] = $i;
}
want($c->setMulti($many), true);
want($c->getMulti(array_keys($many)), $many);
want($c->replace("a", "3"), true);
want($c->replace("none", "3"), false);
$c->setOption(Memcached::OPT_COMPRESSION, false);
want($c->append("a", "4"), true);
want($c->prepend("a", "5"), true);
want($c->get("a"), "534");
want($c->increment("n", 6, 540), 540);
want($c->increment("n", 6), 546);
want($c->decrement("n", 46), 500);
want((int)$c->get("n"), 500);
$found = $c->get("b", null, Memcached::GET_EXTENDED);
want($found["value"], "2");
want($c->cas($found["cas"], "b", "3"), true);
want($c->cas($found["cas"], "b", "4"), false);
want($c->get("b"), "3");
want($c->touch("b", 1000), true);
want($c->delete("a"), true);
want($c->delete("a"), false);
want($c->set("list", [1, ["two" => 3.5]]), true);
want($c->get("list"), [1, ["two" => 3.5]]);
want($c->set("big", $big, 1000), true);
want($c->get("big"), $big);
want($c->flush(), true);
echo "$steps steps\n";
