package service

import (
	"errors"
	"os"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/rs/zerolog"
)

// watchEvery is how often a watched file is checked.
const watchEvery = time.Second

// reloader applies a new configuration on a signal, or after a file has changed. nil does nothing.
type reloader struct {
	take   func(log zerolog.Logger) error // nil: there can be no other configuration
	again  func(log zerolog.Logger) error // Options.Renew
	file   string
	ticker *time.Ticker

	taken state // of the file, when the configuration was last applied, or refused
	seen  state // of the file, at the last check

	// A file that is watched and was refused is taken again at due: the reason may have passed, such as a server that
	// was out of use, or a fleet that was busy. wait is until then; 0: it was applied.
	wait time.Duration
	due  time.Time
	said string // the last reason, which is logged once
}

// The waits before a file that was refused is taken again.
const (
	firstWait   = 5 * time.Second
	longestWait = 5 * time.Minute
)

// state tells whether a file has changed, without reading it.
type state struct {
	changed time.Time
	size    int64
	there   bool
}

func newReloader(o Options) *reloader {
	if o.Reload == nil && o.Renew == nil {
		return nil
	}
	r := &reloader{take: o.Reload, again: o.Renew, file: o.Watch}
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

// ticks says when to check the file.
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

// look reloads if the file has changed and was the same in two checks, so that it is not still being written, or if it
// was refused and is due.
func (r *reloader) look(log *Log, now time.Time) {
	is := stateOf(r.file)
	settled := is == r.seen
	r.seen = is
	switch {
	case !settled || !is.there:
	case is != r.taken:
		r.wait = 0
		_ = r.reload(log)
	case r.wait > 0 && !now.Before(r.due):
		_ = r.apply(log, r.said)
	}
}

// renew reads again what the engine keeps of other files.
func (r *reloader) renew(log *Log) error {
	if r == nil || r.again == nil {
		return nil
	}
	err := r.again(log.Logger)
	if err != nil && !errors.Is(err, ErrNoFile) {
		log.Error().AnErr("reason", err).Msg("files were not read again: nothing has changed")
	}
	return err
}

// ErrNoFile is why nothing can be reloaded. It may also be what Options.Renew returns.
var ErrNoFile = errors.New("this magent has no files to read again: it was started without -c")

// reload applies a new configuration, with what it names. It returns why nothing has changed, which it has logged.
func (r *reloader) reload(log *Log) error {
	if r == nil {
		return ErrNoFile
	}
	if r.take == nil {
		return r.renew(log)
	}
	return r.apply(log, "")
}

// apply is reload for a configuration. known is the reason that is not logged.
func (r *reloader) apply(log *Log, known string) error {
	if r.file != "" {
		r.taken = stateOf(r.file)
	}
	began := time.Now()
	notify(reloading())
	err := r.take(log.Logger)
	r.judge(err)
	if err != nil {
		if r.said != known {
			r.complain(log, err)
		}
		notify(daemon.SdNotifyReady, status("the configuration was not applied: %v", err))
		return err
	}
	notify(daemon.SdNotifyReady, status("configuration reloaded at %s", began.Format(time.DateTime)))
	log.Info().Int64("took_ms", time.Since(began).Milliseconds()).Msg("configuration reloaded")
	return nil
}

// judge says when a file that is watched is taken again.
func (r *reloader) judge(err error) {
	if err == nil {
		r.wait, r.said = 0, ""
		return
	}
	r.wait = max(firstWait, min(2*r.wait, longestWait))
	r.due, r.said = time.Now().Add(r.wait), err.Error()
}

// complain logs why a configuration was not applied.
func (r *reloader) complain(log *Log, err error) {
	line := log.Error().AnErr("reason", err)
	switch {
	case strings.Contains(err.Error(), Undecided):
		line.Msg("the configuration was not applied, or not yet")
	case r.file != "":
		line.Msg("the configuration was not applied: nothing has changed; it is tried again, or when the file changes")
	default:
		line.Msg("the configuration was not applied: nothing has changed")
	}
}
