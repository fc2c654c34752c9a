<?php
// A session of php's own, with the handler of its module for memcached, in its default settings. The first run writes
// it, the second one reads it.
ini_set("session.save_handler", "memcached");
ini_set("session.save_path", $argv[1] . ":" . $argv[2]);
ini_set("session.use_cookies", "0");
ini_set("session.cache_limiter", "");
session_id("abcdef0123456789abcdef0123456789");
if (!session_start()) {
	exit(1);
}
$_SESSION["visits"] = ($_SESSION["visits"] ?? 0) + 1;
session_write_close();
echo "visit " . $_SESSION["visits"] . "\n";
