package backend

import (
	"bytes"
	"errors"

	"magent/resp"
)

// ErrNoMulti: a Redis refuses MULTI, and there is a transaction among the collected requests.
var ErrNoMulti = errors.New("the server takes no transactions")

// NoMulti returns why the server refuses transactions, in its words, or "" if it takes them.
func (c *Conn) NoMulti() string { return c.noMulti }

// RefusesMulti notes that the server has refused MULTI, with an error line.
func (c *Conn) RefusesMulti(line []byte) { c.noMulti = string(resp.ErrorText(line)) }

// heardMulti takes the reply to the first MULTI on a connection. It reports whether the connection can be used: not if
// a transaction was collected while it was not known that the server refuses it.
func (c *Conn) heardMulti(reply []byte) bool {
	known := c.noMulti != ""
	c.noMulti = ""
	if !resp.IsError(reply) {
		return true
	}
	c.RefusesMulti(reply)
	return known || !bytes.Contains(c.early, []byte(multiRequest))
}
