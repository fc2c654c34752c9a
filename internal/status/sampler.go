package status

import (
	"context"
	"fmt"
	"sync"
	"time"

	"magent/internal/stats"
)

const (
	period = time.Second            // between two samples for rates and history
	fresh  = 250 * time.Millisecond // maximum age of a sample for a request
)

// Sampler asks the engine for its figures, in every period and when somebody wants newer ones. There is only one
// round at a time, for everyone who waits. It keeps the history of a few minutes.
type Sampler struct {
	engine Engine
	wanted chan struct{} // holds one element if somebody waits for a sample
	ctx    context.Context
	stop   context.CancelFunc
	done   sync.WaitGroup

	mu   sync.Mutex
	last *sample
	next chan struct{} // closed when last is replaced by a newer sample
	tick *tick         // that of the last period
	then chan struct{} // closed when tick is replaced by a newer one
	past history
}

// NewSampler starts a Sampler. Close ends it.
func NewSampler(e Engine) *Sampler {
	s := &Sampler{
		engine: e, wanted: make(chan struct{}, 1), next: make(chan struct{}), then: make(chan struct{}),
		past: newHistory(),
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.done.Add(1)
	go s.run()
	return s
}

// Close ends the sampler. Those who wait for a sample get an error.
func (s *Sampler) Close() {
	s.stop()
	s.done.Wait()
}

// run is the sampler's goroutine.
func (s *Sampler) run() {
	defer s.done.Done()
	ticker := time.NewTicker(period)
	defer ticker.Stop()
	due := true // the first sample
	var before *sample
	for {
		begun := time.Now()
		if p, figures, err := s.engine.Figures(s.ctx); err == nil {
			now := &sample{begun, time.Now(), p, figures}
			s.publish(now, before, due)
			if due {
				before = now
			}
		}
		select {
		case <-s.ctx.Done():
			return
		case <-s.wanted:
			due = false
		case <-ticker.C:
			due = true
		}
	}
}

// publish makes a sample available. due says that it ends a period, which began with the sample
// before (nil: there was none).
func (s *Sampler) publish(now, before *sample, due bool) {
	var t *tick
	if due {
		t = newTick(s.engine, now, before)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = now
	close(s.next)
	s.next = make(chan struct{})
	if due {
		s.past.add(t.report)
		s.tick = t
		close(s.then)
		s.then = make(chan struct{})
	}
}

// Figures returns figures of the whole process that are not older than fresh. The caller must not change them.
func (s *Sampler) Figures(ctx context.Context) (*stats.Process, *stats.Snapshot, error) {
	v, err := s.sample(ctx)
	if err != nil {
		return nil, nil, err
	}
	return &v.process, &v.snapshot, nil
}

func (s *Sampler) sample(ctx context.Context) (*sample, error) {
	for asked := time.Now(); ; {
		s.mu.Lock()
		last, next := s.last, s.next
		s.mu.Unlock()
		if last != nil && (last.begun.After(asked) || s.holds(last)) {
			return last, nil
		}
		select {
		case s.wanted <- struct{}{}:
		default: // somebody else is waiting as well
		}
		select {
		case <-next:
		case <-ctx.Done():
			return nil, fmt.Errorf("the loops do not answer: %w", ctx.Err())
		case <-s.ctx.Done():
			return nil, s.ctx.Err()
		}
	}
}

// holds reports whether a sample may be given out. It must not be one from before an event: whoever has drained a
// server, and asks then, has to see that.
func (s *Sampler) holds(v *sample) bool {
	events := s.engine.Events()
	return time.Since(v.at) < fresh && (len(events) == 0 || events[len(events)-1].Time.Before(v.begun))
}

// Report returns the present state of the process, with the rates of the last period.
func (s *Sampler) Report(ctx context.Context) (*Report, error) {
	now, err := s.sample(ctx)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	t := s.tick
	s.mu.Unlock()
	r := newReport(s.engine, now)
	if t != nil {
		r.rate(t.now, t.before)
	}
	return r, nil
}
