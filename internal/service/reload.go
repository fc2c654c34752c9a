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

	taken state // of the file, when the configuration was last applied
	seen  state // of the file, at the last check
}

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

// look reloads if the file has changed and was the same in two checks, so that it is not still being written.
func (r *reloader) look(log *Log) {
	now := stateOf(r.file)
	settled := now == r.seen
	r.seen = now
	if settled && now.there && now != r.taken {
		_ = r.reload(log)
	}
}

// renew reads again what the engine keeps of other files.
func (r *reloader) renew(log *Log) error {
	if r == nil || r.again == nil {
		return nil
	}
	err := r.again(log.Logger)
	if err != nil {
		log.Error().AnErr("reason", err).Msg("files were not read again: nothing has changed")
	}
	return err
}

// errNoFile is why nothing can be reloaded.
var errNoFile = errors.New("this magent has no files to read again: it was started without -c")

// reload applies a new configuration, with what it names. It returns why nothing has changed, which it has logged.
func (r *reloader) reload(log *Log) error {
	if r == nil {
		return errNoFile
	}
	if r.take == nil {
		return r.renew(log)
	}
	if r.file != "" {
		r.taken = stateOf(r.file)
	}
	began := time.Now()
	notify(reloading())
	if err := r.take(log.Logger); err != nil {
		line := log.Error().AnErr("reason", err)
		if strings.Contains(err.Error(), Undecided) {
			line.Msg("the configuration was not applied, or not yet")
		} else {
			line.Msg("the configuration was not applied: nothing has changed")
		}
		notify(daemon.SdNotifyReady, status("the configuration was not applied: %v", err))
		return err
	}
	notify(daemon.SdNotifyReady, status("configuration reloaded at %s", began.Format(time.DateTime)))
	log.Info().Int64("took_ms", time.Since(began).Milliseconds()).Msg("configuration reloaded")
	return nil
}
