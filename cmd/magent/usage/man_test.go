package usage

import "testing"

func TestRoff(t *testing.T) {
	for text, want := range map[string]string{
		"--a-b": `\-\-a\-b`, ".TH": `\&.TH`, `a\b`: `a\eb`, "'": `\(aq`, "plain": "plain",
	} {
		if got := roff(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}
