package session

import (
	"bytes"
)

var crlf = []byte("\r\n")

var (
	endLine     = []byte("END\r\n")
	serverError = []byte("SERVER_ERROR")
)

// firstWord returns the first word behind a command.
func firstWord(args []byte) []byte {
	w, _, _ := bytes.Cut(bytes.TrimSpace(args), []byte(" "))
	return w
}
