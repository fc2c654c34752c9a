package service

import (
	"fmt"
	"testing"

	"github.com/rs/zerolog"
)

// Lines of both formats have the severity of their level.
func TestSyslogSeverities(t *testing.T) {
	for _, format := range []string{FormatJSON, FormatConsole} {
		var got []string
		to := func(severity string) func(string) error {
			return func(string) error {
				got = append(got, severity)
				return nil
			}
		}
		sink := syslogSink{to("err"), to("warning"), to("info"), to("debug")}
		log := zerolog.New(formatter(sink, format)).Hook(timestamp{})
		log.Debug().Msg("INF")
		log.Info().Msg("WRN error")
		log.Warn().Str("level2", "error").Msg("ERR")
		log.Error().Msg("none")
		if fmt.Sprint(got) != "[debug info warning err]" {
			t.Errorf("%s: %v", format, got)
		}
	}
}
