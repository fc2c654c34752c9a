package resp

import "bytes"

// NeedsNoAuth reports whether a reply says that AUTH was refused because the server has no password, in the words of
// Redis 6 and later or of earlier ones. The server is used all the same: the password may be meant for the proxy's
// clients only.
func NeedsNoAuth(reply []byte) bool {
	text := ErrorText(reply)
	return bytes.HasPrefix(text, []byte("ERR AUTH <password> called without any password configured")) ||
		bytes.HasPrefix(text, []byte("ERR Client sent AUTH, but no password is set"))
}

// InfoVersion returns the version in a reply to INFO, or "" if there is none.
func InfoVersion(reply []byte) string {
	info, _ := Bulk(reply)
	for line := range bytes.Lines(info) {
		if version, found := bytes.CutPrefix(line, []byte("redis_version:")); found {
			return string(bytes.TrimSpace(version))
		}
	}
	return ""
}
