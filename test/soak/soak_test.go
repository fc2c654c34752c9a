package soak

import (
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"magent/test/harness"
)

var (
	length = flag.Duration("soak", 40*time.Second, "how long the soak takes")
	perSec = flag.Int("rate", 2000, "requests per second")
	seed   = flag.Uint64("seed", uint64(time.Now().UnixNano()), "of the clients and of the faults")
)

func TestMain(m *testing.M) { harness.Main(m) }

// TestSoak: a magent under load and faults answers, and needs no more from hour to hour.
func TestSoak(t *testing.T) {
	t.Parallel()
	picture := harness.Module(t, "picture") // before the hours, for it may be that it cannot be built
	w := soak(t, *length, nil)
	draw(t, picture, w.samples)
	answered, failed, wrong := w.load.total()
	t.Logf("%v, seed %d: %d requests, %d errors; faults: %v", *length, *seed, answered, failed, w.struck)
	for _, l := range limits {
		values := w.values(l)
		t.Logf("%s after the warm-up: %.1f to %.1f %s, median %.1f, grows by %.2f of %.0f", l.name,
			quantile(values, 0), quantile(values, 1), l.unit, median(values), l.growth(w.samples, *length),
			l.in(*length))
	}
	if wrong != "" {
		t.Error(wrong)
	}
	if answered == 0 || failed > answered/10 {
		t.Errorf("%d errors of %d requests", failed, answered)
	}
	if want := int(length.Seconds() / 2); len(w.samples) < want {
		t.Errorf("%d samples in %v, want %d", len(w.samples), *length, want)
	}
	if lines := growing(w.samples, *length); len(lines) > 0 {
		t.Error(strings.Join(lines, "\n"))
	}
}

// TestLeakIsSeen: connections that clients forget are held against magent, because they stay in its process.
func TestLeakIsSeen(t *testing.T) {
	t.Parallel()
	const short = 20 * time.Second
	w := soak(t, short, func(f *farm) {
		c, err := harness.Open(f.magent.Addr)
		if err != nil {
			t.Error(err)
			return
		}
		t.Cleanup(c.Close)
	})
	if lines := growing(w.samples, short); !strings.Contains(strings.Join(lines, "\n"), "descriptors: ") {
		t.Errorf("one connection is left open in each second, but %q", lines)
	}
}

// course is what was seen in a soak.
type course struct {
	load    *load
	samples []sample
	struck  map[string]int // faults by name
}

// values returns a figure of all samples after the warm-up.
func (c *course) values(l limit) (values []float64) {
	for _, s := range c.samples {
		if s.at >= warmup(*length) {
			values = append(values, l.of(s))
		}
	}
	return values
}

// soak runs a farm under load and faults. each is called before each sample, unless it is nil.
func soak(t *testing.T, length time.Duration, each func(f *farm)) *course {
	t.Helper()
	f := start(t, *seed)
	most := rate.NewLimiter(rate.Limit(*perSec), 10*pipeline)
	l := &load{addr: f.magent.Addr, redis: f.redis, most: most, seed: *seed}
	c := &course{load: l, struck: map[string]int{}}
	ctx, cancel := context.WithTimeout(t.Context(), length)
	defer l.all.Wait()
	defer cancel()
	l.begin(ctx)
	l.all.Go(func() { c.watch(ctx, f, each) })
	c.strike(ctx, f)
	l.all.Wait()
	return c
}

// watch takes a sample each second until the context ends.
func (c *course) watch(ctx context.Context, f *farm, each func(f *farm)) {
	begin, second := time.Now(), time.NewTicker(time.Second)
	defer second.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-second.C:
		}
		if each != nil {
			each(f)
		}
		s, err := look(f.magent, f.admin, begin, &c.load.waits)
		if err != nil {
			f.t.Errorf("after %v: %v", s.at, err)
			continue
		}
		c.samples = append(c.samples, s)
	}
}

// strike has a fault happen every four seconds at most, each kind as often as others, until the context ends.
func (c *course) strike(ctx context.Context, f *farm) {
	f.t.Helper()
	pause := rate.NewLimiter(rate.Every(4*time.Second), 1)
	for {
		for _, i := range f.r.Perm(len(faults)) {
			if f.settle(); pause.Wait(ctx) != nil {
				return
			}
			c.struck[faults[i].name]++
			faults[i].strike(f, f.r.IntN(len(f.servers)))
		}
	}
}

// draw writes the samples and their picture, which a program draws, to the folder for what tests leave behind.
func draw(t *testing.T, program string, samples []sample) {
	t.Helper()
	dir := os.Getenv("MAGENT_ARTIFACTS")
	if dir == "" {
		dir = t.TempDir()
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	table, picture := filepath.Join(dir, "soak.csv"), filepath.Join(dir, "soak.png")
	if err := save(table, samples); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, table, picture)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if info, err := os.Stat(picture); err != nil || info.Size() < 10_000 {
		t.Errorf("the picture: %v, %v", info, err)
	}
	t.Logf("the picture is %s", picture)
}
