<?php
[, $host, $port, $user, $password] = $argv;
$m = new Memcached();
$m->setOption(Memcached::OPT_BINARY_PROTOCOL, true);
$m->setOption(Memcached::OPT_CONNECT_TIMEOUT, 60000);
$m->setOption(Memcached::OPT_POLL_TIMEOUT, 60000);
$m->setSaslAuthData($user, $password);
$m->addServer($host, (int) $port);
if (!$m->set('php', 'value')) {
    echo $m->getResultCode() === Memcached::RES_AUTH_FAILURE ? "refused\n" : $m->getResultMessage() . "\n";
    exit;
}
echo 'stored, read ', $m->get('php'), "\n";
