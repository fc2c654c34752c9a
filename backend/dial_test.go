package backend

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"magent/ascii"
	"magent/internal/loop"
	"magent/internal/testkit"
)

// several is a Dialer that returns these addresses.
type several []loop.Endpoint

func (d several) Resolve(c *Conn) {
	c.l.Post(loop.TaskFunc(func() { c.Resolved(d, nil) }))
}

// elsewhere returns the port of e on another address of this machine.
func elsewhere(e loop.Endpoint, ip string) loop.Endpoint {
	return loop.Endpoint{Addr: netip.AddrPortFrom(netip.MustParseAddr(ip), e.Addr.Port())}
}

// TestConnTriesAllAddresses: a server that listens on only one of its addresses is connected to, in whatever order
// they come. Requests that were sent meanwhile reach it. Next time that address is tried first.
func TestConnTriesAllAddresses(t *testing.T) {
	for name, order := range map[string][]int{"first": {0, 1, 2}, "in the middle": {1, 0, 2}, "last": {1, 2, 0}} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, "tcp", Options{})
			e := r.c.opt.Endpoint
			all := []loop.Endpoint{e, elsewhere(e, "127.0.0.2"), elsewhere(e, "::1")}
			addrs := several{all[order[0]], all[order[1]], all[order[2]]}
			r.c.opt.Dialer = addrs
			for n := range 2 {
				r.do(func() {
					r.c.Connect()
					r.c.Send([]byte("a\r\n"), nil, ascii.ShapeLine, r, 0)
				})
				p := r.accept()
				r.want("connected")
				p.expect("a\r\n")
				p.send("STORED\r\n")
				r.want("0 STORED|")
				if tried := len(addrs) - len(r.c.route.left); n > 0 && tried != 1 {
					t.Errorf("the second time, %d addresses were tried", tried)
				}
				p.c.Close()
				r.want("disconnected: the server closed the connection, idle: true")
				r.quiet()
			}
		})
	}
}

// TestConnNoAddressWorks: connecting fails once no address works, and that is reported once.
func TestConnNoAddressWorks(t *testing.T) {
	r := newRig(t, "tcp", Options{})
	r.ln.Close()
	e := r.c.opt.Endpoint
	for _, addrs := range []several{{e, elsewhere(e, "127.0.0.2"), elsewhere(e, "::1")}, nil} {
		r.c.opt.Dialer = addrs
		r.do(func() {
			r.c.Connect()
			r.c.Send([]byte("a\r\n"), nil, ascii.ShapeLine, r, 0)
		})
		if got := testkit.Await(t, "the end", r.events); !strings.HasPrefix(got, "disconnected: ") {
			t.Errorf("%v: %s", addrs, got)
		}
		r.want("0 never sent")
		r.quiet()
	}
}

// TestConnAddressesShareTheDeadline: an address that does not answer leaves time for the others, and all of them
// together get the time of one. The upper limits are generous: a fault takes twice as long.
func TestConnAddressesShareTheDeadline(t *testing.T) {
	const addresses, longest = 100, 15 * time.Second
	full := unanswering(t)
	r := newRig(t, "tcp", Options{ConnectTimeout: 2 * longest})
	r.c.opt.Dialer = several(append([]loop.Endpoint{full}, slices.Repeat([]loop.Endpoint{r.c.opt.Endpoint},
		addresses-1)...))
	begin := time.Now()
	r.connect()
	if d := time.Since(begin); d < 2*longest/addresses || d >= longest {
		t.Errorf("the second address was reached after %v", d)
	}

	share := 2 * longest / addresses
	r = rigTo(t, Options{ConnectTimeout: share, Dialer: several(slices.Repeat([]loop.Endpoint{full}, addresses))})
	begin = time.Now()
	r.do(r.c.Connect)
	r.want("disconnected: no connection in time, idle: false")
	if d := time.Since(begin); d < share || d >= longest {
		t.Errorf("it took %v", d)
	}
	r.quiet()
}

// TestConnPrefer: the preferred address is tried first, if it is one of the server's.
func TestConnPrefer(t *testing.T) {
	r := newRig(t, "tcp", Options{})
	e := r.c.opt.Endpoint
	r.c.opt.Dialer = several{unanswering(t), e} // with an hour for each
	r.do(func() { r.c.Prefer(e) })
	r.connect()

	r = newRig(t, "tcp", Options{})
	r.do(func() { r.c.Prefer(elsewhere(e, "127.0.0.2")) })
	r.connect()
}

// unanswering is an address where connecting takes for ever.
func unanswering(t *testing.T) loop.Endpoint {
	return loop.Endpoint{Addr: netip.MustParseAddrPort(testkit.BlackHole(t))}
}
