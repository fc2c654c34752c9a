package loop

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"magent/internal/testkit"
)

// BenchmarkStream sends messages from one stream to another over loopback, by one goroutine: plain and sealed. So
// ns/op is the processor's time for both ends, per message.
func BenchmarkStream(b *testing.B) {
	for _, c := range []struct{ size, batch int }{{100, 1}, {100, 16}, {100_000, 1}} {
		for _, sealed := range []bool{false, true} {
			b.Run(fmt.Sprintf("size=%d/batch=%d/sealed=%v", c.size, c.batch, sealed), func(b *testing.B) {
				benchmarkStream(b, c.size, c.batch, sealed)
			})
		}
	}
}

func benchmarkStream(b *testing.B, size, batch int, sealed bool) {
	l := idle(b)
	fds := tcpPair(b)
	var keys [2]*Seal
	if sealed {
		keys[0], keys[1] = seals()
	}
	var ends [2]Stream
	for i := range ends {
		if err := ends[i].OpenSealed(l, fds[i], keys[i], Readable, handlerFunc(func(Events) {})); err != nil {
			b.Fatal(err)
		}
	}
	message := pattern(size, 1)
	b.SetBytes(int64(size))
	b.ReportAllocs()
	before := cpuTime(b)
	b.ResetTimer()
	for i := 0; i < b.N; i += batch {
		for range batch {
			if err := ends[0].WriteLarge(message); err != nil { // as Write, if it is small
				b.Fatal(err)
			}
		}
		came := 0
		for came < size*batch {
			if err := ends[0].Flush(); err != nil {
				b.Fatal(err)
			}
			before := len(ends[1].Tail())
			data, err := ends[1].Read(size)
			if err != nil {
				b.Fatal(err)
			}
			if len(data) == 0 {
				continue
			}
			came += len(data) - before
			if came < size*batch {
				ends[1].Keep(data)
			} else {
				ends[1].Keep(nil)
			}
		}
	}
	b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N), "cpu-ns/op")
}

// cpuTime returns the time that this process has used of the processors.
func cpuTime(b *testing.B) time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// tcpPair returns the ends of a connection over loopback.
func tcpPair(b *testing.B) (fds [2]int) {
	listener, err := Listen(Endpoint{Addr: netip.MustParseAddrPort("127.0.0.1:0")}, ListenOptions{Backlog: 1})
	if err != nil {
		b.Fatal(err)
	}
	defer unix.Close(listener)
	e, err := LocalEndpoint(listener)
	if err != nil {
		b.Fatal(err)
	}
	if fds[0], err = Dial(e); err != nil {
		b.Fatal(err)
	}
	testkit.AwaitReadable(b, "a connection", listener)
	if fds[1], err = Accept(listener); err != nil {
		b.Fatal(err)
	}
	return fds
}
