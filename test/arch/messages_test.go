package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"
)

// TestMessages checks that sentences of messages have at most maxWords words: those for clients, for the log and for
// command lines. Texts over several lines, such as a manual page, are left out.
func TestMessages(t *testing.T) {
	quoted := map[string]bool{"internal/redisclient/auth.go": true} // an error in Redis' own words
	s := readSource(t)
	s.all(func(f *file) {
		if f.isTest() || isBlackBox(f.folder) || quoted[f.folder+"/"+f.name] {
			return
		}
		for pos, sentence := range wordyMessages(f.File) {
			t.Errorf("%s: a sentence of %d words: %.60s ...", s.at(pos), len(strings.Fields(sentence)), sentence)
		}
	})
}

// wordyMessages returns the sentences of strings with more than maxWords words, by their place.
func wordyMessages(f *ast.File) map[token.Pos]string {
	found := map[token.Pos]string{}
	ast.Inspect(f, func(n ast.Node) bool {
		e, ok := n.(ast.Expr)
		if !ok {
			return true
		}
		text, ok := stringOf(e)
		if !ok {
			return true
		}
		for _, sentence := range longSentences(text) {
			found[e.Pos()] = sentence
		}
		return true // an operand may be a call with more strings
	})
	return found
}

// stringOf returns the text of a string literal on one line, or of a sum with such literals. Any other operand counts
// as one word.
func stringOf(e ast.Expr) (text string, ok bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind != token.STRING || strings.Contains(e.Value, "\n") {
			return "X", false
		}
		text, err := strconv.Unquote(e.Value)
		return text, err == nil
	case *ast.BinaryExpr:
		a, okA := stringOf(e.X)
		b, okB := stringOf(e.Y)
		return a + b, e.Op == token.ADD && (okA || okB)
	}
	return "X", false
}

// TestMessagesBite gives the rule something to find.
func TestMessagesBite(t *testing.T) {
	words := func(n int) string { return strings.TrimSpace(strings.Repeat("word ", n)) }
	for code, want := range map[string]int{
		`"` + words(maxWords) + `"`:                        0,
		`"` + words(maxWords+1) + `"`:                      1,
		`"` + words(20) + ` " + "` + words(11) + `"`:       1,
		`"` + words(20) + `. " + "` + words(11) + `"`:      0,
		`"` + words(20) + ` " + f("` + words(20) + `")`:    0,
		`f("` + words(maxWords) + ` " + x + "` + ` word")`: 1,
		"`" + words(20) + "\n" + words(20) + "`":           0,
	} {
		f, err := parser.ParseFile(token.NewFileSet(), "p.go", "package p\n\nvar _ = "+code+"\n", 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := wordyMessages(f); len(got) != want {
			t.Errorf("%s: %v, want %d", code, got, want)
		}
	}
}
