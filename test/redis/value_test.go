package redis

import (
	"bufio"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// elements returns the bytes of each element of an array, a set or a map; nil: the reply is none of these.
func elements(reply string) (out []string) {
	if reply == "" || !strings.Contains("*~%", reply[:1]) {
		return nil
	}
	_, rest, _ := strings.Cut(reply, "\r\n")
	c := &conn{r: bufio.NewReader(strings.NewReader(rest))}
	for {
		var b strings.Builder
		if err := c.copyReply(&b); err != nil {
			return out
		}
		out = append(out, b.String())
	}
}

// words returns the texts of the bulk strings and lines of an array.
func words(reply string) (out []string) {
	for _, e := range elements(reply) {
		out = append(out, text(e))
	}
	return out
}

// text returns the content of a bulk string or of a line.
func text(reply string) string {
	head, rest, _ := strings.Cut(reply, "\r\n")
	if strings.HasPrefix(reply, "$") {
		return strings.TrimSuffix(rest, "\r\n")
	}
	return head[min(1, len(head)):]
}

// bulk returns the reply that is a bulk string.
func bulk(text string) string { return "$" + strconv.Itoa(len(text)) + "\r\n" + text + "\r\n" }

// sorted returns an array, a set or a map with its elements in order. Other replies stay as they are.
func sorted(reply string) string {
	all := elements(reply)
	if strings.HasPrefix(reply, "%") {
		var pairs []string
		for pair := range slices.Chunk(all, 2) {
			pairs = append(pairs, strings.Join(pair, ""))
		}
		all = pairs
	}
	slices.Sort(all)
	head, _, _ := strings.Cut(reply, "\r\n")
	if len(all) == 0 {
		return reply
	}
	return head + "\r\n" + strings.Join(all, "")
}

// isReset reports whether an error means that the other side has reset the connection.
func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrUnexpectedEOF)
}
