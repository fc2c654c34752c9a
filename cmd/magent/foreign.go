package main

import "magent/internal/config"

// foreignFlags are memcached's flags about passwords and encryption that have other names here, or none.
func foreignFlags() []config.ArgSpec {
	return []config.ArgSpec{
		{Names: []string{"S"}, Remedy: "is memcached's: write --auth-file FILE (-Y), which lets binary clients " +
			"authenticate by SASL PLAIN as well"},
		{Names: []string{"Z"}, Remedy: "is memcached's: write --tls-cert FILE and --tls-key FILE"},
		{Names: []string{"o"}, Remedy: "is memcached's: sizes and times have flags of their own (-h), and in place " +
			"of ssl_chain_cert, ssl_key and ssl_ca_cert write --tls-cert, --tls-key and --tls-client-ca"},
	}
}
