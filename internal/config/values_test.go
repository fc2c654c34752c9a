package config

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// check compares "value" or "error: text" with want. If want ends in "...", it is the beginning of one line.
func check(t *testing.T, input string, value any, err error, want string) {
	t.Helper()
	got := fmt.Sprint(value)
	if err != nil {
		got = "error: " + err.Error()
	}
	start, open := strings.CutSuffix(want, "...")
	if open && strings.HasPrefix(got, start) && !strings.Contains(got, "\n") {
		return
	}
	if got != want {
		t.Errorf("%q:\n got %s\nwant %s", input, got, want)
	}
}

func TestParseSize(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"1", "1"},
		{"1048576", "1048576"},
		{"512k", "524288"},
		{"1m", "1048576"},
		{"2M", "2097152"},
		{"1g", "1073741824"},
		{"2g", `error: "2g" is out of range: give a size from 1 to 1g`},
		{"99999999999999g", `error: "99999999999999g" is out of range: give a size from 1 to 1g`},
		{"0", `error: "0" is out of range: give a size from 1 to 1g`},
		{"-1k", `error: "-1k" is out of range: give a size from 1 to 1g`},
		{"1 m", `error: "1 m" has a blank before its unit: write 1m`},
		{"1 x", `error: "1 x" is not a size: write bytes, or a number with k, m or g behind it, such as 1m`},
		{"1mb", `error: "1mb" is not a size: write bytes, or a number with k, m or g behind it, such as 1m`},
		{"1.5m", `error: "1.5m" is not a size: write bytes, or a number with k, m or g behind it, such as 1m`},
		{"k", `error: "k" is not a size: write bytes, or a number with k, m or g behind it, such as 1m`},
		{"", `error: "" is not a size: write bytes, or a number with k, m or g behind it, such as 1m`},
	} {
		n, err := ParseSize(c.text, 1, 1<<30)
		check(t, c.text, n, err, c.want)
	}
}

func TestParseDuration(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"500ms", "500ms"},
		{"1.5s", "1.5s"},
		{"1h", "1h0m0s"},
		{"500", `error: "500" has no unit: write 500ms or 500s`},
		{"5 s", `error: "5 s" has a blank before its unit: write 5s`},
		{"5 x", `error: "5 x" is not a time: write a number and a unit, such as 500ms or 2s`},
		{"soon", `error: "soon" is not a time: write a number and a unit, such as 500ms or 2s`},
		{"", `error: "" is not a time: write a number and a unit, such as 500ms or 2s`},
		{"0", "error: 0 is out of range: give a time from 1ms to 1h0m0s"},
		{"-5s", "error: -5s is out of range: give a time from 1ms to 1h0m0s"},
		{"2h", "error: 2h is out of range: give a time from 1ms to 1h0m0s"},
	} {
		d, err := ParseDuration(c.text, time.Millisecond, time.Hour)
		check(t, c.text, d, err, c.want)
	}
}

func TestParseInt(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"1", "1"},
		{"8", "8"},
		{"0", "error: 0 is out of range: give a number from 1 to 8"},
		{"9", "error: 9 is out of range: give a number from 1 to 8"},
		{"x", `error: "x" is not a number: give one from 1 to 8`},
		{"2.5", `error: "2.5" is not a number: give one from 1 to 8`},
	} {
		n, err := ParseInt(c.text, 1, 8)
		check(t, c.text, n, err, c.want)
	}
}

func TestParseMode(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"0700", "448"},
		{"770", "504"},
		{"0", "0"},
		{"0800", `error: "0800" is not a file mode: give octal digits from 0 to 0777, such as 0770`},
		{"1777", `error: "1777" is not a file mode: give octal digits from 0 to 0777, such as 0770`},
	} {
		mode, err := ParseMode(c.text)
		check(t, c.text, mode, err, c.want)
	}
}

func TestParseChoice(t *testing.T) {
	names := []string{"ketama", "magent", "modula"}
	for _, c := range []struct{ text, want string }{
		{"ketama", "ketama"},
		{"ketamma", `error: "ketamma" is unknown: did you mean ketama? (known: ketama, magent, modula)`},
		{"KETAMA", `error: "KETAMA" is unknown: did you mean ketama? (known: ketama, magent, modula)`},
		{"ring", `error: "ring" is unknown: choose one of ketama, magent, modula`},
	} {
		name, err := ParseChoice(c.text, names)
		check(t, c.text, name, err, c.want)
	}
	if ack, err := ParseAck("primary"); ack != AckPrimary || err != nil {
		t.Errorf("ack primary: %v, %v", ack, err)
	}
	_, err := ParseAck("al")
	check(t, "al", "", err, `error: "al" is unknown: did you mean all? (known: all, primary)`)
}

func TestSplitList(t *testing.T) {
	got := SplitList([]string{"a, b", "c", ",d,,", " "})
	if strings.Join(got, "|") != "a|b|c|d" {
		t.Errorf("got %q", got)
	}
}

func TestNearest(t *testing.T) {
	names := []string{"timeout", "connect-timeout", "threads", "port", "retry-limit", "retry-tls", "retry-tls-key"}
	for word, want := range map[string]string{
		"timeout": "timeout", "timout": "timeout", "tiemout": "timeout", "timeouts": "timeout", "treads": "threads",
		"conect-timeout": "connect-timeout", "prot": "port", "zzz": "", "": "", "t": "", "colour": "",
		"connect": "connect-timeout", "co": "", "retry-li": "retry-limit", "retry": "", "thr": "threads",
		"retry-tl": "retry-tls", "retry-tls-": "retry-tls", "retry-tls-kez": "retry-tls-key",
	} {
		if got := Nearest(word, names); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
}
