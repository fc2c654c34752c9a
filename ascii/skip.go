package ascii

import "bytes"

// Skip is what has to be thrown away behind a refused storage command, so that no byte of its value is taken for a
// command: as many bytes as the line has told, and then everything up to the next line end. If the value has the length
// that was told, that is its own line end. The zero value is nothing.
type Skip struct {
	Bytes int  // of the value
	Line  bool // and up to the line end
	LF    bool // which is LF, as in the command line; else it is CRLF, and a LF in a value that is longer than told is none
	cr    bool // the last byte that was thrown away is CR
}

// Pending reports whether there is something to throw away.
func (s *Skip) Pending() bool { return s.Bytes > 0 || s.Line }

// Take throws away what data has of it and returns the rest.
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
