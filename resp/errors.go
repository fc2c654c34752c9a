package resp

import (
	"bytes"
	"strings"
)

// Errors in the words of redis 7.0. Those of the last block are the proxy's own.
const (
	errSyntax       = "-ERR syntax error\r\n"
	errNotInteger   = "-ERR value is not an integer or out of range\r\n"
	errBadNumKeys   = "-ERR Bad number of keys provided\r\n"
	errManyKeys     = "-ERR Number of keys can't be greater than number of args\r\n"
	errNegativeKeys = "-ERR Number of keys can't be negative\r\n"
	errZeroNumKeys  = "-ERR numkeys should be greater than 0\r\n"
	errUnbalanced   = "-ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.\r\n"
	errNoGroup      = "-ERR Missing GROUP option for XREADGROUP\r\n"

	errSortBy = "-ERR BY option of SORT denied: the keys of a pattern may be on other servers; " +
		"sort without it, or in the client\r\n"
	errSortGet = "-ERR GET option of SORT denied: the keys of a pattern may be on other servers; " +
		"only GET # is allowed, use MGET for others\r\n"
)

// maxQuoted limits how many bytes of a request an error quotes.
const maxQuoted = 128

// AppendUnknown appends the error for a command that Lookup does not know. args are those of the request; there must
// be at least one.
func AppendUnknown(dst []byte, args [][]byte) []byte {
	dst = append(dst, "-ERR unknown command '"...)
	dst = appendQuoted(dst, args[0], maxQuoted)
	dst = append(dst, "', with args beginning with: "...)
	quoted := len(dst)
	for _, arg := range args[1:] {
		left := maxQuoted - (len(dst) - quoted)
		if left <= 0 {
			break
		}
		dst = append(dst, '\'')
		dst = appendQuoted(dst, arg, left)
		dst = append(dst, "' "...)
	}
	return append(dst, '\r', '\n')
}

// appendUnknownSub appends the error for an unknown subcommand of command.
func appendUnknownSub(dst, sub []byte, command string) []byte {
	dst = append(dst, "-ERR unknown subcommand '"...)
	dst = appendQuoted(dst, sub, maxQuoted)
	dst = append(dst, "'. Try "...)
	dst = append(dst, command...)
	return append(dst, " HELP.\r\n"...)
}

// AppendWrongArity appends the error for a command with a wrong number of arguments (see ArityOK).
func AppendWrongArity(dst []byte, c *Command) []byte {
	dst = append(dst, "-ERR wrong number of arguments for '"...)
	dst = append(dst, c.Name...)
	return append(dst, "' command\r\n"...)
}

// ErrorCode returns the code of an error, which is its first word in capital letters, or "ERR" if there is none. text
// is without the '-'.
func ErrorCode(text string) string {
	code, _, _ := strings.Cut(text, " ")
	if code == "" || strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return "ERR"
	}
	return code
}

// appendQuoted appends text up to its first zero byte, and at most limit bytes of it. Line ends become spaces.
func appendQuoted(dst, text []byte, limit int) []byte {
	if i := bytes.IndexByte(text, 0); i >= 0 {
		text = text[:i]
	}
	for _, c := range text[:min(len(text), limit)] {
		if c == '\r' || c == '\n' {
			c = ' '
		}
		dst = append(dst, c)
	}
	return dst
}
