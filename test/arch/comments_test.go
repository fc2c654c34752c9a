package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"
	"unicode/utf8"
)

// tabWidth is how many columns a tab counts, as .editorconfig says.
const tabWidth = 4

// TestGoLines checks that lines of Go have less than 120 columns and that sentences of comments have at most 30 words.
func TestGoLines(t *testing.T) {
	s := readSource(t)
	s.all(func(f *file) {
		name := s.fset.File(f.Pos()).Name()
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if ast.IsGenerated(f.File) {
			return
		}
		for _, fault := range append(wideLines(s.fset, f.File, text), wordyComments(s.fset, f.File)...) {
			t.Errorf("%s/%s:%s", f.folder, f.name, fault)
		}
	})
}

// wideLines returns a message for each line of text with maxColumns columns or more. A raw string that spans several
// lines may have wide ones: it holds another language, or text that is compared byte by byte.
func wideLines(fset *token.FileSet, f *ast.File, text []byte) (faults []string) {
	raw := map[int]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && strings.HasPrefix(lit.Value, "`") {
			first, last := fset.Position(lit.Pos()).Line, fset.Position(lit.End()).Line
			for line := first; line <= last && first < last; line++ {
				raw[line] = true
			}
		}
		return true
	})
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		if columns := width(strings.TrimSuffix(line, "\n")); columns >= maxColumns && !raw[n] {
			faults = append(faults, fmt.Sprintf("%d: a line of %d columns", n, columns))
		}
	}
	return faults
}

// width returns the number of columns of a line. Tabs stand only at its beginning, as gofmt has it.
func width(line string) int {
	return utf8.RuneCountInString(line) + (tabWidth-1)*strings.Count(line, "\t")
}

// wordyComments returns a message for each sentence of a comment with more than maxWords words.
func wordyComments(fset *token.FileSet, f *ast.File) (faults []string) {
	for _, group := range f.Comments {
		for _, sentence := range longSentences(commentText(group)) {
			faults = append(faults, fmt.Sprintf("%d: a sentence of %d words: %.60s ...",
				fset.Position(group.Pos()).Line, len(strings.Fields(sentence)), sentence))
		}
	}
	return faults
}

// commentText returns a comment as Markdown without the lines that gofmt takes for code.
func commentText(group *ast.CommentGroup) string {
	var text strings.Builder
	for line := range strings.Lines(group.Text()) {
		if list := strings.TrimLeft(line, " "); strings.HasPrefix(list, "- ") {
			line = list
		}
		if strings.HasPrefix(line, "\t") {
			line = "\n"
		}
		text.WriteString(line)
	}
	return text.String()
}

// TestGoLinesBite gives the rule something to find.
func TestGoLinesBite(t *testing.T) {
	words := func(n int) string { return strings.TrimSpace(strings.Repeat("word ", n)) }
	text := func(n int) string { return strings.Repeat("x", n) }
	for code, want := range map[string]int{
		`var _ = "` + text(maxColumns-10) + `"`:                  1,
		`var _ = "` + text(maxColumns-11) + `"`:                  0,
		"func f() {\n\t_ = \"" + text(maxColumns-10) + "\"\n}":   1,
		"func f() {\n\t_ = \"" + text(maxColumns-11) + "\"\n}":   0,
		"var _ = `\n" + text(maxColumns) + "`":                   0,
		"// " + words(20) + "\n// " + words(11) + "\nvar _ = 0":  1,
		"// " + words(20) + "\n// " + words(10) + "\nvar _ = 0":  0,
		"// " + words(20) + ".\n// " + words(11) + "\nvar _ = 0": 0,
		"//   - " + words(20) + "\n//   - " + words(11):          0,
		"//\t" + words(20) + "\n//\t" + words(11):                0,
		"func f() {\n\t// " + words(31) + "\n}":                  2, // wide as well
	} {
		fset := token.NewFileSet()
		source := "package p\n\n" + code + "\n"
		f, err := parser.ParseFile(fset, "p.go", source, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		if got := append(wideLines(fset, f, []byte(source)), wordyComments(fset, f)...); len(got) != want {
			t.Errorf("%s\n%d faults, want %d: %q", code, len(got), want, got)
		}
	}
}
