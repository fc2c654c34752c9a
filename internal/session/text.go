package session

import "bytes"

var endLine = []byte("END\r\n")

// firstWord returns the first word behind a command.
func firstWord(args []byte) []byte {
	w, _, _ := bytes.Cut(bytes.TrimSpace(args), []byte(" "))
	return w
}
