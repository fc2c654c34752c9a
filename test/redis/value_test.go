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

// elements are the bytes of each element of an array; nil if the reply is none.
func elements(reply string) (out []string) {
	if !strings.HasPrefix(reply, "*") {
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

// words are the texts of the bulk strings and lines of an array.
func words(reply string) (out []string) {
	for _, e := range elements(reply) {
		out = append(out, text(e))
	}
	return out
}

// text is what is in a bulk string, or on a line.
func text(reply string) string {
	head, rest, _ := strings.Cut(reply, "\r\n")
	if strings.HasPrefix(reply, "$") {
		return strings.TrimSuffix(rest, "\r\n")
	}
	return head[min(1, len(head)):]
}

// bulk is the reply that is a bulk string.
func bulk(text string) string { return "$" + strconv.Itoa(len(text)) + "\r\n" + text + "\r\n" }

// sorted is an array with its elements in order, as far as it is one.
func sorted(reply string) string {
	all := elements(reply)
	slices.Sort(all)
	head, _, _ := strings.Cut(reply, "\r\n")
	if len(all) == 0 {
		return reply
	}
	return head + "\r\n" + strings.Join(all, "")
}

// isReset reports whether an error says that the other side threw the connection away.
func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrUnexpectedEOF)
}
