package health

import (
	"bufio"
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"strings"
	"time"

	"magent/internal/cause"
)

// How many random keys are asked for. The keys do not exist, and the proxy decides which servers they belong to.
// If none of the first samples is served, moreSamples follow: a proxy is healthy as long as one of its servers is,
// and that may be one of fifty.
const (
	samples     = 16
	moreSamples = 1024
)

// Check asks the proxy for keys and returns one line that describes the result. The proxy is healthy if it serves at
// least one key. Keys that it cannot serve lack a server, and another proxy could not serve them either. The proxy's
// /readyz follows the same rule. The error is set if the proxy is unhealthy, or if none of o.Peers can be reached.
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
	secured, err := secure(ctx, conn, o.TLS)
	if err == nil {
		told, err = askPool(secured, o, began)
	}
	switch {
	case wantsCertificate(err):
		return o.Address + " wants a certificate of its clients", nil
	case o.TLS == nil && closed(err) && speaksTLS(ctx, o.Address):
		return "", reason(o.Address, cause.Because("it speaks TLS: name its certificate with --tls-cert FILE", err))
	case err != nil:
		return "", reason(o.Address, err)
	}
	return told, nil
}

// askPool asks a pool for keys. It returns what Check does; the errors have no address yet.
func askPool(conn net.Conn, o Options, began time.Time) (told string, err error) {
	p := memcached
	if o.Redis {
		p = redis
	}
	in := bufio.NewReader(conn)
	if err := login(conn, in, o.Login); err != nil {
		return "", err
	}
	asked := samples
	served, complaint, err := ask(conn, in, p, p.hello, samples)
	if err == nil && served == 0 {
		asked += moreSamples
		served, complaint, err = ask(conn, in, p, "", moreSamples)
	}
	switch {
	case err != nil:
		return "", err
	case served == 0:
		return "", fmt.Errorf("none of %d keys can be had: %s", asked, complaint)
	}
	told = fmt.Sprintf("%s serves, in %.1f ms", o.Address, float64(time.Since(began).Microseconds())/1000)
	if served < asked {
		told += fmt.Sprintf("; %d of %d keys cannot be had: %s", asked-served, asked, complaint)
	}
	return told, nil
}

// login sends the request by which a client authenticates, unless it is empty.
func login(conn net.Conn, in *bufio.Reader, request []byte) error {
	if len(request) == 0 {
		return nil
	}
	if _, err := conn.Write(request); err != nil {
		return err
	}
	line, err := readLine(in)
	if err == nil && line != "STORED" {
		err = fmt.Errorf("it does not accept the user and the password of --auth-file: %w", memcached.strange(line))
	}
	return err
}

// ask sends hello, which may be empty, and requests for the given number of keys in a single write. It returns how
// many keys were served, and the proxy's answer to the last one that was not.
func ask(conn net.Conn, in *bufio.Reader, p protocol, hello string, keys int) (
	served int, complaint string, err error,
) {
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
			return 0, "", p.strange(line)
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
	line, err := in.ReadSlice('\n') // a line longer than the buffer is an error
	return strings.TrimRight(string(line), "\r\n"), err
}
