package health

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// Options say what is asked.
type Options struct {
	Address string        // of the proxy: host:port, or the path of a unix socket
	Admin   string        // where the process is watched, as Address: if it is not empty, that is asked, and no pool
	Redis   bool          // it speaks Redis's protocol, and not memcached's
	Peers   []string      // host:port on other machines, of which one has to be reachable; none: that is not looked at
	Within  time.Duration // for all of it
}

// Keys that are asked for. They do not exist; where their servers are is up to the proxy. When none of the first can be had, many
// more are asked for: a proxy serves as long as one of its servers does, and that may be one of fifty.
const (
	samples     = 16
	moreSamples = 1024
)

// Check reports how the proxy serves. It is well as long as some of the keys can be had: that others cannot is for want of
// servers, and would be no better through another proxy. /readyz of the proxy says the same.
func Check(ctx context.Context, o Options) (told string, err error) {
	ctx, cancel := context.WithTimeout(ctx, o.Within)
	defer cancel()
	if len(o.Peers) > 0 && !reachable(ctx, o.Peers) {
		return "", fmt.Errorf("this machine is cut off: none of %s can be reached", strings.Join(o.Peers, ", "))
	}
	if o.Admin != "" {
		return ready(ctx, o)
	}
	began := time.Now()
	conn, err := dial(ctx, o.Address)
	if err != nil {
		return "", reason(o.Address, err)
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	p := memcached
	if o.Redis {
		p = redis
	}
	in := bufio.NewReader(conn)
	asked := samples
	served, complaint, err := ask(conn, in, p, p.hello, samples)
	if err == nil && served == 0 {
		asked += moreSamples
		served, complaint, err = ask(conn, in, p, "", moreSamples)
	}
	switch {
	case err != nil:
		return "", reason(o.Address, err)
	case served == 0:
		return "", fmt.Errorf("%s: none of %d keys can be had: %s", o.Address, asked, complaint)
	}
	told = fmt.Sprintf("%s serves, in %.1f ms", o.Address, float64(time.Since(began).Microseconds())/1000)
	if served < asked {
		told += fmt.Sprintf("; %d of %d keys cannot be had: %s", asked-served, asked, complaint)
	}
	return told, nil
}

func dial(ctx context.Context, address string) (net.Conn, error) {
	network := "tcp"
	if strings.HasPrefix(address, "/") {
		network = "unix"
	}
	var d net.Dialer
	return d.DialContext(ctx, network, address)
}

// ask says hello, if that is not empty, and asks for so many keys, in one packet. complaint is what the proxy said of the last key
// that it cannot serve.
func ask(conn net.Conn, in *bufio.Reader, p protocol, hello string, keys int) (served int, complaint string, err error) {
	request := hello
	for range keys {
		request += p.get("magent.health." + rand.Text())
	}
	if _, err := conn.Write([]byte(request)); err != nil {
		return 0, "", err
	}
	if hello != "" {
		line, err := readLine(in)
		if err != nil {
			return 0, "", err
		}
		if !p.welcome(line) {
			return 0, "", fmt.Errorf("it said %q", line)
		}
	}
	for range keys {
		line, err := readLine(in)
		switch {
		case err != nil:
			return 0, "", err
		case p.served(line):
			served++
		default:
			complaint = line
		}
	}
	return served, complaint, nil
}

func readLine(in *bufio.Reader) (string, error) {
	line, err := in.ReadSlice('\n') // one that does not fit the buffer is an error
	return strings.TrimRight(string(line), "\r\n"), err
}

// reason is one line about a proxy that does not answer.
func reason(address string, err error) error {
	var op *net.OpError
	switch {
	case isTimeout(err):
		err = errors.New("no answer in time")
	case errors.As(err, &op):
		err = op.Err
	}
	return fmt.Errorf("%s: %w", address, err)
}

func isTimeout(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout() || errors.Is(err, context.DeadlineExceeded)
}
