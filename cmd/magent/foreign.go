package main

import "magent/internal/config"

// foreignFlags are memcached's flags about passwords and encryption that have other names here, or none.
func foreignFlags() []config.ArgSpec {
	return []config.ArgSpec{
		{Names: []string{"S"}, Remedy: "is memcached's: write --auth-file FILE (-Y), which lets binary clients " +
			"authenticate by SASL PLAIN as well"},
		{Names: []string{"Z"}, Remedy: noTLS},
		{Names: []string{"o"}, Remedy: "is memcached's: sizes and times have flags of their own (-h). " +
			"TLS is left to a program in front, such as HAProxy or stunnel"},
	}
}

const noTLS = "is memcached's for TLS, which magent leaves to a program in front of it, such as HAProxy or stunnel"
