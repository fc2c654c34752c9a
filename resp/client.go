package resp

// ClientArity reports whether a subcommand of CLIENT is known to the proxy, and whether it takes so many arguments.
func ClientArity(sub string, n int) (known, fits bool) {
	switch sub {
	case "id", "getname", "info", "list", "getredir", "trackinginfo":
		return true, n == 0
	case "setname", "reply", "no-evict", "no-touch", "caching":
		return true, n == 1
	case "setinfo":
		return true, n == 2
	case "tracking":
		return true, n >= 1
	}
	return false, false
}

// ValidName reports whether the name of a client is printable ASCII without spaces.
func ValidName(name []byte) bool {
	for _, c := range name {
		if c < '!' || c > '~' {
			return false
		}
	}
	return true
}
