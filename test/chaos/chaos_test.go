package chaos

import (
	"cmp"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"magent/test/harness"
)

var (
	duration = flag.Duration("duration", 20*time.Second, "how long faults strike")
	seed     = flag.Uint64("seed", uint64(time.Now().UnixNano()), "of the clients and of the faults")
)

func TestMain(m *testing.M) { harness.Main(m) }

const (
	clients = 8
	keys    = 12
)

// world is a proxy with two primaries and a backup, behind relays.
type world struct {
	t       *testing.T
	proxy   *harness.Magent
	servers []*harness.Memcached
	relays  []*relay
	begin   time.Time
	ended   atomic.Bool
	round   atomic.Int64 // keys get new names from time to time, so that histories stay short

	mu      sync.Mutex
	history []porcupine.Operation
}

// TestLinearizable: while servers hang, are cut off, or lose what is on its way, one at a time, what clients see is what
// one memcached could have said.
func TestLinearizable(t *testing.T) {
	t.Logf("seed %d", *seed)
	w := &world{t: t, begin: time.Now()}
	var args []string
	for _, flag := range []string{"-s", "-s", "-b"} {
		m := harness.StartMemcached(t)
		r := startRelay(t, m.Addr)
		w.servers, w.relays = append(w.servers, m), append(w.relays, r)
		args = append(args, flag, r.Addr)
	}
	w.proxy = harness.StartMagent(t, append(args, "--timeout", "200ms", "--connect-timeout", "200ms", "--probe-interval", "50ms")...)

	var all sync.WaitGroup
	for id := range clients {
		c := harness.Dial(t, w.proxy.Addr)
		all.Add(1)
		go func() {
			defer all.Done()
			w.client(id, c)
		}()
	}
	faults := w.strike()
	w.ended.Store(true)
	all.Wait()
	w.judge()
	t.Logf("%d operations, %d faults", len(w.history), faults)
	if int64(faults) < int64(*duration/(4*time.Second)) {
		t.Errorf("only %d faults in %v", faults, *duration)
	}
}

// strike strikes one server after the other, and returns how often.
func (w *world) strike() (faults int) {
	r := rand.New(rand.NewPCG(*seed, 1))
	for time.Since(w.begin) < *duration {
		i := r.IntN(len(w.servers))
		length := time.Duration(300+r.IntN(900)) * time.Millisecond
		switch r.IntN(3) {
		case 0:
			w.servers[i].Pause()
			time.Sleep(length)
			w.servers[i].Resume()
		case 1:
			w.relays[i].Hold()
			time.Sleep(length)
			w.relays[i].Heal()
		case 2:
			w.relays[i].Cut()
			time.Sleep(length)
			w.relays[i].Heal()
		}
		faults++
		w.awaitUp()
		w.round.Add(1)
	}
	return faults
}

// awaitUp waits until all servers are used again: only one of a pair may be away.
func (w *world) awaitUp() {
	for i, r := range w.relays {
		harness.Eventually(w.t, fmt.Sprintf("server %d is up", i), func() error {
			for _, field := range []string{"state", "dirty_keys"} {
				if got := harness.ServerStat(w.t, w.proxy.Addr, r.Addr, field); got != "up" && got != "0" {
					return fmt.Errorf("%s is %s", field, got)
				}
			}
			return nil
		})
	}
}

// client asks and notes what it is told.
func (w *world) client(id int, c *harness.Client) {
	r := rand.New(rand.NewPCG(*seed, uint64(id)+100))
	for n := 0; !w.ended.Load(); n++ {
		q := request{op: "get", key: fmt.Sprintf("r%d-%d", w.round.Load(), r.IntN(keys))}
		switch k := r.IntN(20); {
		case k < 10:
		case k < 14:
			q.op, q.arg = "set", fmt.Sprint(id+1, n%100_000)
			q.arg = strings.ReplaceAll(q.arg, " ", "0")
		case k < 15:
			q.op, q.arg = "add", fmt.Sprintf("7%d", n%1000)
		case k < 16:
			q.op, q.arg = "append", "1"
		case k < 18:
			q.op = "incr"
		default:
			q.op = "delete"
		}
		o := porcupine.Operation{ClientId: id, Input: q, Call: int64(time.Since(w.begin))}
		reply, err := c.Try(q.wire())
		o.Return = int64(time.Since(w.begin))
		if err != nil {
			w.t.Errorf("client %d: %v", id, err)
			return
		}
		out := parse(reply)
		if out.unknown {
			if q.op == "get" {
				continue
			}
			o.Return = math.MaxInt64
		}
		o.Output = out
		w.mu.Lock()
		w.history = append(w.history, o)
		w.mu.Unlock()
	}
}

func (q request) wire() string {
	switch q.op {
	case "get", "delete":
		return q.op + " " + q.key + "\r\n"
	case "incr":
		return "incr " + q.key + " 1\r\n"
	}
	return fmt.Sprintf("%s %s 0 0 %d\r\n%s\r\n", q.op, q.key, len(q.arg), q.arg)
}

func parse(reply string) response {
	lines := strings.Split(reply, "\r\n")
	switch {
	case harness.IsError(reply):
		return response{unknown: true}
	case lines[0] == "END":
		return response{}
	case strings.HasPrefix(lines[0], "VALUE "):
		return response{text: lines[1]}
	}
	return response{text: lines[0]}
}

// judge checks the history, key by key, and shows the place in it that cannot be explained.
func (w *world) judge() {
	for _, part := range partition(w.history) {
		result, info := porcupine.CheckOperationsVerbose(model, part, time.Minute)
		if result == porcupine.Ok {
			continue
		}
		w.t.Errorf("seed %d: the history of %s is not linearizable (%s)", *seed, part[0].Input.(request).key, result)
		explained := 0
		for _, p := range info.PartialLinearizationsOperations()[0] {
			explained = max(explained, len(p))
		}
		slices.SortFunc(part, func(a, b porcupine.Operation) int { return cmp.Compare(a.Return, b.Return) })
		w.t.Logf("%d of %d operations can be explained; by their ends:", explained, len(part))
		for i := max(0, explained-25); i < min(len(part), explained+15); i++ {
			o := part[i]
			w.t.Logf("%12v %12v  client %d %v -> %+v", time.Duration(o.Call), time.Duration(o.Return), o.ClientId, o.Input, o.Output)
		}
		return
	}
}
