<?php
// A session of php's own, with the handler of its module for memcached.
[, $host, $port, $user, $password] = $argv;
ini_set('session.save_handler', 'memcached');
ini_set('session.save_path', "$host:$port");
ini_set('memcached.sess_sasl_username', $user);
ini_set('memcached.sess_sasl_password', $password);
ini_set('session.use_cookies', '0');
ini_set('session.cache_limiter', '');
session_id('abcdef0123456789abcdef0123456789');
foreach ([1, 2] as $visit) {
    if (!@session_start()) {
        exit("refused\n");
    }
    $read = $_SESSION['php'] ?? 'nothing';
    $_SESSION['php'] = 'value';
    if (!@session_write_close()) {
        exit("refused\n");
    }
}
echo "stored, read $read\n";
