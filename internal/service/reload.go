package service

import (
	"os"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/rs/zerolog"
)

// watchEvery is how often a watched file is looked at.
const watchEvery = time.Second

// reloader takes a new configuration when it is asked to, or when a file has changed. nil does nothing.
type reloader struct {
	take   func(log zerolog.Logger) error
	file   string
	ticker *time.Ticker

	taken state // of the file, as of the last time
	seen  state // as of the last look
}

// state tells one content of a file from another: by what a look at it costs nothing to find out.
type state struct {
	changed time.Time
	size    int64
	there   bool
}

func newReloader(o Options) *reloader {
	if o.Reload == nil {
		return nil
	}
	r := &reloader{take: o.Reload, file: o.Watch}
	if r.file != "" {
		r.ticker = time.NewTicker(watchEvery)
		r.taken = stateOf(r.file)
		r.seen = r.taken
	}
	return r
}

func (r *reloader) stop() {
	if r != nil && r.ticker != nil {
		r.ticker.Stop()
	}
}

// ticks says when to look at the file.
func (r *reloader) ticks() <-chan time.Time {
	if r == nil || r.ticker == nil {
		return nil
	}
	return r.ticker.C
}

func stateOf(file string) state {
	info, err := os.Stat(file)
	if err != nil {
		return state{}
	}
	return state{info.ModTime(), info.Size(), true}
}

// look reloads when the file is another one than before, and has been so for two looks: not while it is being written.
func (r *reloader) look(log *Log) {
	now := stateOf(r.file)
	settled := now == r.seen
	r.seen = now
	if settled && now.there && now != r.taken {
		r.reload(log)
	}
}

func (r *reloader) reload(log *Log) {
	if r.file != "" {
		r.taken = stateOf(r.file)
	}
	began := time.Now()
	notify(reloading())
	if err := r.take(log.Logger); err != nil {
		log.Error().AnErr("reason", err).Msg("the configuration was not taken: nothing has changed")
		notify(daemon.SdNotifyReady, status("the configuration was not taken: %v", err))
		return
	}
	notify(daemon.SdNotifyReady, status("configuration reloaded at %s", began.Format(time.DateTime)))
	log.Info().Int64("took_ms", time.Since(began).Milliseconds()).Msg("configuration reloaded")
}
