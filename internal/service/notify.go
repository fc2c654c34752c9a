package service

import (
	"fmt"
	"strings"

	"github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sys/unix"
)

// notify sends assignments in systemd's format to the service manager, if there is one (NOTIFY_SOCKET). Errors are
// ignored, because only the manager could act on them.
func notify(states ...string) {
	_, _ = daemon.SdNotify(false, strings.Join(states, "\n"))
}

// status returns an assignment with a line for people.
func status(format string, args ...any) string {
	return "STATUS=" + strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", "; ")
}

// mainPID returns an assignment that makes another process the main process.
func mainPID(pid int) string { return fmt.Sprintf("MAINPID=%d", pid) }

// reloading returns the assignment that a reload begins. It has the clock that systemd expects.
func reloading() string {
	var now unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &now)
	return fmt.Sprintf("%s\nMONOTONIC_USEC=%d", daemon.SdNotifyReloading, now.Nano()/1000)
}
