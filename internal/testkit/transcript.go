package testkit

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
)

// Transcripts calls replay for each file of that pattern in testdata. Such a file holds conversations in the form
// that datadriven reads:
//
//	# a remark
//	directive argument option=3
//	what is said
//	----
//	what comes of it
//
// A message about a block names its file and line, what was expected and what came. With -rewrite, what came is
// written into the file. Requests and replies are written as Wire reads them.
//
// Conversations that a real server judges, because they are held with it as well, are read by Conversations.
func Transcripts(t *testing.T, pattern string, replay func(t *testing.T, path string)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts %s in testdata: %v", pattern, err)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) { replay(t, path) })
	}
}

// Conversation is what a client says on one connection. Its block has the directive talk, a name, options if there are
// some, and a step on each line. Nothing stands behind "----": the expected replies are those of a real server.
type Conversation struct {
	Name    string // that of the file, if it stands alone there without a name
	Options []string
	Steps   []Step
}

// Step is a line of a Conversation. A line that begins with "#" is a remark, and no step.
type Step struct {
	Pos  string // file:line
	Line string
}

// Conversations reads those of the files in testdata of that pattern.
func Conversations(t *testing.T, pattern string) (all []Conversation) {
	t.Helper()
	Transcripts(t, pattern, func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			if d.Cmd != "talk" || d.Expected != "" {
				d.Fatalf(t, "want the directive talk, and nothing behind ----")
			}
			all = append(all, conversation(t, strings.TrimSuffix(filepath.Base(path), ".txt"), d))
			return ""
		})
	})
	return all
}

func conversation(t *testing.T, name string, d *datadriven.TestData) Conversation {
	c := Conversation{Name: name}
	for i, arg := range d.CmdArgs {
		if i == 0 {
			c.Name = arg.Key
		} else {
			c.Options = append(c.Options, arg.Key)
		}
	}
	file, line, _ := strings.Cut(d.Pos, ":")
	n, err := strconv.Atoi(line)
	if err != nil {
		d.Fatalf(t, "%v", err)
	}
	for text := range strings.Lines(d.Input) {
		n++
		if text = strings.TrimSpace(text); text != "" && text[0] != '#' {
			c.Steps = append(c.Steps, Step{fmt.Sprint(file, ":", n), text})
		}
	}
	return c
}

// Compare fails the test, if a reply to a step is not the expected one. The message has the step's file and line, and
// both replies near the first difference.
func (s *Step) Compare(t *testing.T, who, got, expected, want string) (same bool) {
	t.Helper()
	if got == want {
		return true
	}
	at := Difference(got, want)
	t.Errorf("%s: %.200s\nthe replies differ from byte %d on:\nexpected, from %s\n  %q\ngot, from %s\n  %q",
		s.Pos, s.Line, at, expected, Excerpt(want, at), who, Excerpt(got, at))
	return false
}

// repeated is {text*5}.
var repeated = regexp.MustCompile(`\{([^{}*]+)\*(\d+)\}`)

// Wire is what a line of a transcript stands for: its text with a line end (CRLF) behind it, and one for each "|" in
// it. A line in quotes, as Go quotes strings, stands for exactly its bytes. In both, {k*250} is 250 times k.
func Wire(line string) string {
	if strings.HasPrefix(line, `"`) {
		if text, err := strconv.Unquote(line); err == nil {
			line = text
		}
	} else {
		line = strings.ReplaceAll(line, "|", "\r\n") + "\r\n"
	}
	return repeated.ReplaceAllStringFunc(line, func(place string) string {
		m := repeated.FindStringSubmatch(place)
		n, _ := strconv.Atoi(m[2])
		return strings.Repeat(m[1], n)
	})
}

// Line is how Wire's text is shown where that is possible: without the last line end, and "|" for each other one.
func Line(text string) string {
	return strings.ReplaceAll(strings.TrimSuffix(text, "\r\n"), "\r\n", "|")
}

// Words takes a line to pieces, at blanks. Words may be quoted as Go quotes strings.
func Words(t *testing.T, line string) (words []string) {
	t.Helper()
	for rest := line; rest != ""; rest = strings.TrimLeft(rest, " ") {
		if rest[0] != '"' {
			var word string
			word, rest, _ = strings.Cut(rest, " ")
			words = append(words, word)
			continue
		}
		quoted, err := strconv.QuotedPrefix(rest)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		word, _ := strconv.Unquote(quoted)
		words, rest = append(words, word), rest[len(quoted):]
	}
	return words
}
