package loop

// Events are what a descriptor is ready for, or is watched for.
type Events uint8

// Readable also stands for end of file, reset and error. A read tells which it is.
const (
	Readable Events = 1 << iota
	Writable
	Ended // the other side sends nothing more, whatever is there to be read
)
