package underway

import (
	"os"

	"golang.org/x/sys/unix"
)

// area is a part of the memory. It is a hole in the file where nothing was reserved yet, so that a process needs no
// more room than it has ever used. To store into a hole would end the process if there was no room.
type area struct {
	data     []byte // a multiple of a page
	file     *os.File
	at       int // of data in the file
	reserved []bool
}

func newArea(f *os.File, at int, data []byte) area {
	return area{data, f, at, make([]bool, len(data)/page)}
}

// reserve makes sure that there is room for these bytes, and reports whether there is.
func (a *area) reserve(from, length int) bool {
	for i := from / page; i*page < from+length; i++ {
		if a.reserved[i] {
			continue
		}
		if unix.Fallocate(int(a.file.Fd()), 0, int64(a.at+i*page), page) != nil {
			return false
		}
		a.reserved[i] = true
	}
	return true
}
