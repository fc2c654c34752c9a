package report

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"magent/internal/verify"
)

func newTestReport(show int, primaries ...string) (r *Report, stdout, stderr *bytes.Buffer) {
	stdout, stderr = new(bytes.Buffer), new(bytes.Buffer)
	return New(Options{
		Program: "magent", Primaries: primaries, Backups: []string{"b:11211"}, Show: show,
		Stdout: stdout, Stderr: stderr,
	}), stdout, stderr
}

func TestReport(t *testing.T) {
	r, stdout, _ := newTestReport(2, "p:11211", "q:11211")
	r.Found(verify.Finding{
		Kind: verify.Value, Key: []byte("k"), Primary: "p:11211", Backup: "b:11211",
		Trouble: "SERVER_ERROR too large",
	})
	r.Found(verify.Finding{
		Kind: verify.OnlyBackup, Key: []byte("a b"), Primary: "p:11211", Backup: "b:11211",
		Repaired: true,
	})
	r.Found(verify.Finding{Kind: verify.TTL, Key: []byte("c")})
	r.began = time.Now().Add(-1500 * time.Millisecond)
	result := verify.Result{Compared: 9, Repaired: 1, Unsure: 4, Misplaced: []int{0, 5, 6}, Drained: map[int]int{0: 7}}
	result.Differ[verify.Value], result.Differ[verify.OnlyBackup], result.Differ[verify.TTL] = 1, 1, 1
	r.Summary(&result, nil)
	want := `differs  value  k  primary p:11211  backup b:11211  not repaired: SERVER_ERROR too large
repaired  only-backup  "a b"  primary p:11211  backup b:11211
... and 1 more
drained  7 keys not compared  primary p:11211
misplaced  5 keys  primary q:11211
misplaced  6 keys  backup b:11211
compared 9 keys in 1.5 s: 3 differ (value 1, flags 0, ttl 1, only-primary 0, only-backup 1), repaired 1, unsure 4
`
	if got := stdout.String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestUnfinished(t *testing.T) {
	r, stdout, _ := newTestReport(1000, "p:11211")
	r.Summary(&verify.Result{Misplaced: []int{0, 0}}, errors.New("nobody there"))
	if stdout.Len() > 0 {
		t.Errorf("nothing was compared, and it says %q", stdout.String())
	}
	r.Summary(&verify.Result{Misplaced: []int{0, 0}, Compared: 1}, errors.New("gone"))
	if !strings.HasPrefix(stdout.String(), "not finished: compared 1 keys") {
		t.Errorf("it says %q", stdout.String())
	}
}

// Without a terminal progress is printed as a line now and then.
func TestProgressLines(t *testing.T) {
	r, stdout, stderr := newTestReport(1000, "p:11211")
	r.Progress(false, 100, 1000)
	r.told = r.told.Add(-progressInterval)
	r.Progress(false, 200, 1000)
	r.Progress(false, 300, 1000)
	if got := stderr.String(); got != "magent: 200 of about 1000 items looked at in 0 s\n" || stdout.Len() > 0 {
		t.Errorf("stderr %q, stdout %q", got, stdout.String())
	}
}

func TestKeyText(t *testing.T) {
	for key, want := range map[string]string{
		"user:17": "user:17", "é€": "é€", "a b": `"a b"`, "\x00\n": `"\x00\n"`, "\xff": `"\xff"`, `"x"`: `"\"x\""`,
		"\u200b": `"\u200b"`, `a\x00`: `a\x00`,
	} {
		if got := keyText([]byte(key)); got != want {
			t.Errorf("%q: %s, want %s", key, got, want)
		}
	}
}
