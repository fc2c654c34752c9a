package repair

const (
	firstCopies  = 4       // keys that are copied at a time at first, while the size of values is unknown
	maxCopies    = 64      // keys of one server that are copied at a time
	maxCopyBytes = 1 << 20 // about the same in bytes of values, so that the other server does not miss deadlines
	fewKeys      = 128     // with fewer keys to fill, the next batch is asked for
	maxLate      = 1000    // keys that may become dirty after everything else is repaired; more are deleted
)
