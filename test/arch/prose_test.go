package arch

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const (
	maxColumns = 120 // of a line of a page, but for tables and code
	maxWords   = 30  // of a sentence
)

var (
	fence    = regexp.MustCompile("(?ms)^```.*?^```$")
	codeSpan = regexp.MustCompile("`[^`]*`")
	target   = regexp.MustCompile(`\]\([^)]*\)`)
	comment  = regexp.MustCompile(`(?s)<!--.*?-->`)
	endOf    = regexp.MustCompile(`[.!?:][)"*]*(\s|$)`)
)

// TestProse checks all Markdown, which is read by people in a hurry: sentences have 30 words at most, and lines 120
// columns.
func TestProse(t *testing.T) {
	var pages []string
	walk(t, func(path string) {
		if filepath.Ext(path) == ".md" {
			pages = append(pages, path)
		}
	})
	if len(pages) < 40 {
		t.Fatalf("only %d pages: %q", len(pages), pages)
	}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		checkColumns(t, page, string(text))
		for _, s := range longSentences(string(text)) {
			t.Errorf("%s: a sentence of %d words: %.100s ...", page, len(strings.Fields(s)), s)
		}
	}
}

func checkColumns(t *testing.T, page, text string) {
	t.Helper()
	code := false
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "```") {
			code = !code
		}
		if columns := len([]rune(line)); !code && !strings.HasPrefix(line, "|") && columns > maxColumns {
			t.Errorf("%s:%d: a line of %d columns", page, n, columns)
		}
	}
}

// longSentences returns the sentences with too many words. Code counts as one word. List items and cells of a table
// are texts of their own.
func longSentences(text string) (long []string) {
	text = comment.ReplaceAllString(fence.ReplaceAllString(text, "\n\n"), "")
	text = codeSpan.ReplaceAllString(target.ReplaceAllString(text, "]"), "CODE")
	var blocks []string
	var block []string
	end := func() {
		blocks, block = append(blocks, strings.Join(block, " ")), nil
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
			end()
		case strings.HasPrefix(line, "|"):
			end()
			blocks = append(blocks, strings.Split(line, "|")...)
		case strings.HasPrefix(line, "- ") || strings.HasPrefix(line, "* "):
			end()
			block = append(block, line[2:])
		default:
			block = append(block, line)
		}
	}
	end()
	for _, b := range blocks {
		for _, sentence := range endOf.Split(b, -1) {
			if len(strings.Fields(sentence)) > maxWords {
				long = append(long, strings.TrimSpace(sentence))
			}
		}
	}
	return long
}

// TestLongSentences gives the rule something to find.
func TestLongSentences(t *testing.T) {
	thirty := strings.TrimSpace(strings.Repeat("word ", maxWords))
	for text, want := range map[string]int{
		thirty + ".": 0, thirty + " word.": 1, thirty + ". " + thirty + ".": 0, thirty + "\nword": 1, thirty +
			"\n\nword": 0, "- " + thirty + "\n- word": 0,
		"| " + thirty + " | word |": 0, "| " + thirty + " word |": 1, thirty + " `a b c`": 1,
		strings.TrimSuffix(thirty, "word") + "`a b c`": 0,
		"```\n" + thirty + " word\n```\n":              0,
	} {
		if got := longSentences(text); len(got) != want {
			t.Errorf("%q: %d long sentences, want %d", text, len(got), want)
		}
	}
}
