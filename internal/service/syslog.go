package service

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/syslog"
)

// errNoSyslog is why a daemon without a log file does not start.
var errNoSyslog = errors.New("there is no log: this machine has no syslog (/dev/log): add --log-file FILE")

// openSyslog connects to the machine's syslog, which shows the lines under the name tag.
func openSyslog(tag string) (io.Writer, error) {
	w, err := syslog.New(syslog.LOG_DAEMON|syslog.LOG_INFO, tag)
	if err != nil {
		return nil, fmt.Errorf("-d: %w", errNoSyslog)
	}
	return syslogSink{w.Err, w.Warning, w.Info, w.Debug}, nil
}

// syslogSink passes lines on with the severity that they name: to one of these functions.
type syslogSink struct{ err, warning, info, debug func(line string) error }

// Write passes on one line.
func (s syslogSink) Write(line []byte) (int, error) {
	text := string(bytes.TrimSuffix(line, []byte{'\n'}))
	send := s.info
	switch levelOf(line) {
	case "error", "ERR":
		send = s.err
	case "warn", "WRN":
		send = s.warning
	case "debug", "DBG":
		send = s.debug
	}
	return len(line), send(text)
}

// levelOf returns the level of a line in either format. In JSON it is the first field, for people the word behind the
// date and the time.
func levelOf(line []byte) string {
	if rest, json := bytes.CutPrefix(line, []byte(`{"level":"`)); json {
		level, _, _ := bytes.Cut(rest, []byte{'"'})
		return string(level)
	}
	if words := bytes.SplitN(line, []byte{' '}, 4); len(words) == 4 {
		return string(words[2])
	}
	return ""
}
