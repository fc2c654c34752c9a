package service

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// An upgrade (SIGUSR2) starts the program again beside the running process. The new process, the child, inherits the
// listening sockets. It prepares everything that may fail, and reports that it is ready. Then the old process stops
// its work and reports that, and the child serves. Each message on the socket between them is one byte.
const (
	msgReady   = 'r' // from the child: it is ready
	msgYours   = 'y' // from the old process: it writes nothing more, neither to servers nor to the journal
	msgServing = 's' // from the child: it serves clients
)

// childVariable marks the environment of a child. Its value is the number of the old process and the kinds of the
// sockets from descriptor childSockets on, such as "123,own,foreign".
const (
	childVariable = "_MAGENT_UPGRADE"
	ownSocket     = "own"
	foreignSocket = "foreign"
)

// Descriptors of a child. Until it takes over, its stderr is a pipe to the old process, which logs what it reads.
const (
	childControl = 3
	childStderr  = 4
	childSockets = 5
)

// child is the side of a process that takes over from its parent. It is nil in any other process.
type child struct {
	control *os.File
	parent  int
}

// IsChild reports whether this process takes over from another one.
func IsChild() bool { return os.Getenv(childVariable) != "" }

// inherit returns what a child gets from its parent.
func inherit() (*child, []Socket) {
	parent, kinds, given := strings.Cut(os.Getenv(childVariable), ",")
	os.Unsetenv(childVariable)
	if !given {
		return nil, activated()
	}
	var sockets []Socket
	for i, kind := range strings.Split(kinds, ",") {
		unix.CloseOnExec(childSockets + i)
		sockets = append(sockets, Socket{FD: childSockets + i, Foreign: kind == foreignSocket})
	}
	unix.CloseOnExec(childControl)
	unix.CloseOnExec(childStderr)
	pid, _ := strconv.Atoi(parent)
	return &child{control: os.NewFile(childControl, "the old process"), parent: pid}, sockets
}

// takeOver reports that this process is ready, and waits until the old process has stopped its work. If the old
// process dies meanwhile, it has stopped as well.
func (h *child) takeOver() error {
	if _, err := h.control.Write([]byte{msgReady}); err != nil && !errors.Is(err, unix.EPIPE) {
		return fmt.Errorf("the old process cannot be notified: %w", err)
	}
	answer := make([]byte, 1)
	switch _, err := io.ReadFull(h.control, answer); {
	case err != nil:
		for os.Getppid() == h.parent { // it is dying; once it is gone its locks are free
			time.Sleep(time.Millisecond)
		}
	case answer[0] != msgYours:
		return fmt.Errorf("the old process sent %q", answer)
	}
	err := unix.Dup3(childStderr, int(os.Stderr.Fd()), 0)
	unix.Close(childStderr)
	return err
}

// serves reports that this process serves clients.
func (h *child) serves() {
	if h != nil {
		_, _ = h.control.Write([]byte{msgServing})
		h.control.Close()
	}
}
