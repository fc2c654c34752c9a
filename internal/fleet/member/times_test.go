package member

import (
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// BenchmarkTakeover measures for how long nobody decides for a group whose owner ends in one way or another. A run
// is one such end; the median and the worst are reported, in milliseconds. -benchtime 20x gives 20 runs.
//
// Where the owner leads the agreement as well, another leader is to be found first: that takes more writes.
func BenchmarkTakeover(b *testing.B) {
	kill, start := (*fleet).kill, func(f *fleet, i int) { f.start(i, nil) }
	for _, c := range []struct {
		name string
		lead bool // the owner leads
		end  func(f *fleet, i int)
		back func(f *fleet, i int)
	}{
		{"killed", false, kill, start},
		{"killed, leading", true, kill, start},
		{
			"leaving", false, func(f *fleet, i int) { f.signal(i, unix.SIGTERM) },
			func(f *fleet, i int) { <-f.wait[i]; f.start(i, nil) },
		},
		{
			"stopped", false, func(f *fleet, i int) { f.signal(i, unix.SIGSTOP) },
			func(f *fleet, i int) { f.signal(i, unix.SIGCONT) },
		},
	} {
		b.Run(c.name, func(b *testing.B) {
			f := newFleet(b, []string{"a", "b", "c"}, "")
			var took []time.Duration
			for b.Loop() {
				f.home()
				i := f.owner(c.lead)
				at := Now()
				c.end(f, i)
				gap, _ := f.served([]string{"p", "q"}[i], at, i)
				took = append(took, gap)
				c.back(f, i)
			}
			b.Log(took)
			slices.Sort(took)
			b.ReportMetric(took[len(took)/2].Seconds()*1e3, "median-ms")
			b.ReportMetric(took[len(took)-1].Seconds()*1e3, "worst-ms")
		})
	}
}

// owner is one of the two owners, a or b: one that leads the agreement, or one that does not. If c leads, it is killed
// and started again, until it does not.
func (f *fleet) owner(leads bool) int {
	f.t.Helper()
	for limit := time.Now().Add(guard); time.Now().Before(limit); {
		f.mu.Lock()
		f.leader = -1
		f.mu.Unlock()
		leader := -1
		for leader < 0 && time.Now().Before(limit) {
			<-f.heard
			f.mu.Lock()
			leader = f.leader
			f.mu.Unlock()
		}
		switch {
		case !leads && leader == 0:
			return 1
		case !leads:
			return 0
		case leader < 2:
			return leader
		}
		f.kill(2)
		f.start(2, nil)
		f.home()
	}
	f.t.Fatal("neither owner leads")
	return 0
}
