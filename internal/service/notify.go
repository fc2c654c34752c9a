package service

import (
	"fmt"
	"strings"

	"github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sys/unix"
)

// notify tells the service manager that has started us, if one wants to hear (NOTIFY_SOCKET), how we are: one or several of
// systemd's assignments. Whether it was heard is of no use to know: the manager would have to be told.
func notify(states ...string) {
	_, _ = daemon.SdNotify(false, strings.Join(states, "\n"))
}

// status is a line for people.
func status(format string, args ...any) string {
	return "STATUS=" + strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", "; ")
}

// mainPID says that another process is the one to be watched from now on.
func mainPID(pid int) string { return fmt.Sprintf("MAINPID=%d", pid) }

// reloading says when a reload has begun, by the clock that systemd compares it with.
func reloading() string {
	var now unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &now)
	return fmt.Sprintf("%s\nMONOTONIC_USEC=%d", daemon.SdNotifyReloading, now.Nano()/1000)
}
