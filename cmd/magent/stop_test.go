package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"magent/internal/testkit"
)

// slowServer is a memcached that does not answer "get slow" until release is called.
type slowServer struct {
	addr   string
	asked  chan struct{} // one element for each "get slow"
	answer chan struct{} // closed by release

	release func() // sends the answers
}

func startSlowServer(t *testing.T) *slowServer {
	t.Helper()
	s := &slowServer{asked: make(chan struct{}, 16), answer: make(chan struct{})}
	s.addr = testkit.Serve(t, s.serve)
	s.release = sync.OnceFunc(func() { close(s.answer) })
	t.Cleanup(s.release)
	return s
}

func (s *slowServer) serve(c net.Conn) {
	lines := bufio.NewScanner(c)
	for lines.Scan() {
		switch line := lines.Text(); {
		case strings.Contains(line, "slow"):
			s.asked <- struct{}{}
			<-s.answer
			io.WriteString(c, "VALUE slow 0 2\r\nok\r\nEND\r\n")
		case line == "version":
			io.WriteString(c, "VERSION 1.6.0\r\n")
		case line == "mn":
			io.WriteString(c, "MN\r\n")
		case line == "stats":
			io.WriteString(c, "STAT pid 1\r\nSTAT uptime 1\r\nSTAT time 1000\r\nSTAT version 1.6.0\r\nEND\r\n")
		default:
			io.WriteString(c, "END\r\n")
		}
	}
}

// startAsking runs magent in front of a slow server, with one request in flight.
func startAsking(t *testing.T, bin string) (p *process, server *slowServer, address string, client net.Conn) {
	t.Helper()
	server = startSlowServer(t)
	p = start(t, exec.Command(bin, "-s", server.addr, "-l", "127.0.0.1:0",
		"--timeout", "10m", "--drain-timeout", "10m"))
	address = p.listening()[0]
	client = testkit.Dial(t, "tcp", address)
	fmt.Fprint(client, "get slow\r\n")
	testkit.Await(t, "the server is asked", server.asked)
	return p, server, address, client
}

func testDrain(t *testing.T, bin string) {
	p, server, address, client := startAsking(t, bin)
	p.Signal(syscall.SIGTERM)
	testkit.Until(t, "the port to close", func() bool {
		c, err := net.Dial("tcp", address)
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	server.release()
	reply, err := io.ReadAll(client) // up to the end, as the proxy closes an idle client
	if err != nil || string(reply) != "VALUE slow 0 2\r\nok\r\nEND\r\n" {
		t.Errorf("the request in flight got %q, %v", reply, err)
	}
	p.ends(0)
	if log := p.Log(); !strings.Contains(log, "draining") || !strings.Contains(log, "drained, the process ends") {
		t.Errorf("log: %s", log)
	}
}

func testSecondSignal(t *testing.T, bin string) {
	p, server, _, _ := startAsking(t, bin)
	p.Signal(syscall.SIGTERM)
	p.line("draining")
	p.Signal(syscall.SIGTERM)
	p.ends(1)
	server.release()
}

func testStopsOnEverySignal(t *testing.T, bin string) {
	for _, s := range []os.Signal{syscall.SIGTERM, syscall.SIGINT} {
		p := start(t, exec.Command(bin, "-s", deadServer, "-l", "127.0.0.1:0"))
		idle := testkit.Dial(t, "tcp", p.listening()[0])
		fmt.Fprint(idle, "version\r\n") // once it is answered, the connection was accepted
		if _, err := bufio.NewReader(idle).ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		p.Signal(s)
		p.ends(0) // an idle client does not delay the end
		if rest, err := io.ReadAll(idle); len(rest) > 0 || err != nil {
			t.Errorf("an idle client saw %q, %v", rest, err)
		}
	}
}

func testHangupReopensLog(t *testing.T, bin string) {
	path := filepath.Join(testkit.OpenFolder(t), "log")
	p := start(t, exec.Command(bin, "-s", deadServer, "-l", "127.0.0.1:0", "--log-file", path))
	waitForLog(t, path, "magent serves")
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	p.Signal(syscall.SIGHUP)
	waitForLog(t, path, "log file reopened")
	p.Signal(syscall.SIGTERM)
	p.ends(0)
	if said := p.Log(); said != "" {
		t.Errorf("with a log file, stderr stays empty: %s", said)
	}
	if text, _ := os.ReadFile(path); !strings.Contains(string(text), "drained") {
		t.Errorf("the last line is missing: %s", text)
	}
}

func waitForLog(t *testing.T, path, text string) map[string]any {
	t.Helper()
	var fields map[string]any
	testkit.Until(t, fmt.Sprintf("%q in %s", text, path), func() bool {
		log, err := os.ReadFile(path)
		if err == nil {
			fields, err = findLine(string(log), text)
		}
		return err == nil
	})
	return fields
}

// If the reader of stderr goes away, the process stays alive: a log line does not kill it with SIGPIPE.
func testLogReaderGone(t *testing.T, bin string) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	cmd := exec.Command(bin, "-s", deadServer, "-l", "127.0.0.1:0")
	cmd.Stderr = write
	p := start(t, cmd)
	write.Close()
	lines := bufio.NewScanner(read)
	for lines.Scan() && !strings.Contains(lines.Text(), "magent serves") {
		continue
	}
	fields, err := findLine(lines.Text(), "magent serves")
	if err != nil {
		t.Fatalf("%v: %q", err, lines.Text())
	}
	read.Close()
	asks(t, "tcp", stringsOf(fields["listen"])[0])
	p.Signal(syscall.SIGTERM) // logs two lines
	p.ends(0)
}
