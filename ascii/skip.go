package ascii

import "bytes"

// Skip says what to discard behind a refused command, so that no byte of its value, or of the rest of its line, is
// taken for a command. That is the number of bytes which the line has announced, and then everything up to the next
// line end. For a value of the announced length, that is its own line end. The zero value discards nothing.
type Skip struct {
	Bytes int  // bytes of the value
	Line  bool // then everything up to the line end
	// The line end is LF, because the command line ended with LF. Otherwise it is CRLF, and a bare LF does not count:
	// it may be part of a value that is longer than announced.
	LF bool
	cr bool // the last discarded byte is CR
}

// Pending reports whether there is something to discard.
func (s *Skip) Pending() bool { return s.Bytes > 0 || s.Line }

// Take discards bytes from the front of data and returns the rest.
func (s *Skip) Take(data []byte) (rest []byte) {
	n := min(s.Bytes, len(data))
	s.Bytes -= n
	data = data[n:]
	for s.Line && len(data) > 0 {
		n := bytes.IndexByte(data, '\n')
		if n < 0 {
			s.cr = data[len(data)-1] == '\r'
			return nil
		}
		if n > 0 {
			s.cr = data[n-1] == '\r'
		}
		s.Line = !s.LF && !s.cr
		s.cr = false
		data = data[n+1:]
	}
	return data
}
