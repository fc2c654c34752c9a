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

// An upgrade (SIGUSR2) starts the program anew beside the running process. The new process, the child, is given the listening
// sockets, makes everything ready that may fail, and says so; then the old one gives up, says so, and the child serves. On the
// socket between them one byte is a message.
const (
	msgReady   = 'r' // child: all is well here
	msgYours   = 'y' // old: nothing more is written by me, to servers or to the journal
	msgServing = 's' // child: clients are served
)

// childVariable marks the environment of a child. Its value is the number of the old process, and for each socket, from
// descriptor childSockets on, whose it is: "123,own,foreign".
const (
	childVariable = "_MAGENT_UPGRADE"
	ownSocket     = "own"
	foreignSocket = "foreign"
)

// The descriptors of a child. Until it takes over, its stderr is a pipe to the old process, which logs what it says.
const (
	childControl = 3
	childStderr  = 4
	childSockets = 5
)

// child is this process, as one that is to take over from its parent. nil: it is not.
type child struct {
	control *os.File
	parent  int
}

// IsChild tells whether this process is to take over from another one.
func IsChild() bool { return os.Getenv(childVariable) != "" }

// inherit finds out what the process was given.
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
	return &child{control: os.NewFile(childControl, "the process before"), parent: pid}, sockets
}

// takeOver says that all is well here, and waits until the old process has given up. If that dies meanwhile it has, too.
func (h *child) takeOver() error {
	if _, err := h.control.Write([]byte{msgReady}); err != nil && !errors.Is(err, unix.EPIPE) {
		return fmt.Errorf("the process before this one cannot be told: %w", err)
	}
	answer := make([]byte, 1)
	switch _, err := io.ReadFull(h.control, answer); {
	case err != nil:
		for os.Getppid() == h.parent { // it is dying: what it has locked is free when it is gone
			time.Sleep(time.Millisecond)
		}
	case answer[0] != msgYours:
		return fmt.Errorf("the process before this one says %q", answer)
	}
	err := unix.Dup3(childStderr, int(os.Stderr.Fd()), 0)
	unix.Close(childStderr)
	return err
}

// serves says that clients are served here.
func (h *child) serves() {
	if h != nil {
		_, _ = h.control.Write([]byte{msgServing})
		h.control.Close()
	}
}
