package service

import (
	"bytes"
	"strings"
	"syscall"
	"testing"

	"github.com/rs/zerolog"
)

// TestLowest checks what each level of twemproxy's scale lets through.
func TestLowest(t *testing.T) {
	for level, want := range map[int32]zerolog.Level{
		0: zerolog.ErrorLevel, 2: zerolog.ErrorLevel, 3: zerolog.ErrorLevel, 4: zerolog.WarnLevel,
		5: zerolog.InfoLevel,
		6: zerolog.InfoLevel, 7: zerolog.DebugLevel, 8: zerolog.TraceLevel, 11: zerolog.TraceLevel,
	} {
		if got := lowest(level); got != want {
			t.Errorf("%d: %v, want %v", level, got, want)
		}
	}
}

func TestLouder(t *testing.T) {
	for louder, want := range map[int]string{
		-5: "error", -2: "error", -1: "warn error", 0: "info warn error",
		Debug: "debug info warn error",
	} {
		var out bytes.Buffer
		log, err := OpenLog(LogOptions{Default: &out, Louder: louder})
		if err != nil {
			t.Fatal(err)
		}
		log.Debug().Msg("debug")
		log.Info().Msg("info")
		log.Warn().Msg("warn")
		log.Error().Msg("error")
		log.Close()
		var got []string
		for line := range strings.Lines(out.String()) {
			_, rest, _ := strings.Cut(line, `"message":"`)
			got = append(got, strings.TrimSuffix(rest, "\"}\n"))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%d: %q, want %q", louder, got, want)
		}
	}
}

// TestSignalsTurnTheLog: signals move the level along the scale but not beyond, and that is logged at any level.
func TestSignalsTurnTheLog(t *testing.T) {
	var out bytes.Buffer
	log, _ := OpenLog(LogOptions{Default: &out, Louder: -5})
	for range 2 {
		aboutLog(log, syscall.SIGTTOU)
	}
	for range 7 {
		aboutLog(log, syscall.SIGTTIN)
	}
	log.Debug().Msg("for debugging")
	aboutLog(log, syscall.SIGUSR1)
	for range 7 {
		aboutLog(log, syscall.SIGTTIN)
	}
	log.Close()
	text := out.String()
	for _, want := range []string{
		`"signal":"SIGTTOU","log_level":0,"name":"EMERG"`, `"log_level":1,"name":"ALERT"`,
		`"log_level":7,"name":"DEBUG"`, "for debugging",
		`"signal":"SIGUSR1"`, `"signal":"SIGTTIN","log_level":11,"name":"PVERB"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is missing: %s", want, text)
		}
	}
	if strings.Contains(text, `"log_level":12`) || strings.Contains(text, `"log_level":-1`) ||
		strings.Count(text, `"level":"info"`) < 16 {
		t.Errorf("log: %s", text)
	}
}
