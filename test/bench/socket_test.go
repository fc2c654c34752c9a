package main

import (
	"bufio"
	"net"
	"os"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The Go runtime signals its threads when it likes. No connection of a load may fail for that.
func TestDialIsNotInterrupted(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				if _, err := bufio.NewReader(conn).ReadString('\n'); err == nil {
					time.Sleep(2 * time.Millisecond) // so that the other side waits when it is signalled
					_, _ = conn.Write([]byte("+PONG\r\n"))
				}
			}()
		}
	}()
	ended := make(chan struct{})
	defer close(ended)
	go signalThreads(ended)
	for range 100 {
		fd, err := dialRaw(listener.Addr().(*net.TCPAddr).AddrPort(), "PING\r\n", "+PONG\r\n")
		if err != nil {
			t.Fatal(err)
		}
		if _, errno := rawRead(fd, make([]byte, 1)); errno != unix.EAGAIN && errno != 0 {
			t.Errorf("a read of a connection: %v", errno)
		}
		_ = unix.Close(fd)
	}
}

// signalThreads sends all threads of this process the signal of the Go scheduler, which does nothing, until ended.
func signalThreads(ended <-chan struct{}) {
	for {
		select {
		case <-ended:
			return
		case <-time.After(100 * time.Microsecond):
		}
		threads, _ := os.ReadDir("/proc/self/task")
		for _, thread := range threads {
			if tid, err := strconv.Atoi(thread.Name()); err == nil {
				_ = unix.Tgkill(os.Getpid(), tid, unix.SIGURG)
			}
		}
	}
}
