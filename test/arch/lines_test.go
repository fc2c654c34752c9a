package arch

import (
	"go/ast"
	"go/types"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// unexplained are lines of the log that docs/troubleshooting.md does not have, and why.
var unexplained = map[string]string{
	"server drained":                          "an info: somebody has asked for it",
	"server undrained":                        "the same",
	"second signal, the process ends at once": "somebody has asked for it",
}

// passedOn are texts that a line gets from elsewhere, by file and expression, and what is true of them.
var passedOn = map[string]string{
	"internal/fleet/launch/diary.go text":               "from complain, whose callers TestLines looks at",
	"internal/session/group.go what":                    "from Complain, whose callers TestComplaints looks at",
	"internal/service/upgrade.go unchanged":             "a constant, in the manual",
	"internal/service/run.go text":                      "warnings of the start, each with its remedy",
	"internal/run/run.go w":                             "warnings about a file of pools, each with its remedy",
	`internal/run/run.go o.Process.Program + " serves"`: "an info",
	`internal/run/witness.go p.Program + " votes"`:      "an info",
}

// TestLines checks that docs/troubleshooting.md has each line of the log that is a warning or an error, up to a colon.
func TestLines(t *testing.T) {
	manual := oneLine(read(t, filepath.Join("..", "..", "docs", "troubleshooting.md")))
	seen := map[string]bool{}
	s := readSource(t)
	s.all(func(f *file) {
		if f.isTest() || isBlackBox(f.folder) {
			return
		}
		ast.Inspect(f.File, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || !isLine(call) {
				return true
			}
			last := call.Args[len(call.Args)-1]
			text, ok := stringOf(last)
			text, _, _ = strings.Cut(text, ": ") // what follows explains it
			if !ok || strings.HasPrefix(text, "X") {
				text = f.folder + "/" + f.name + " " + types.ExprString(last)
				if passedOn[text] == "" {
					t.Errorf("%s: a text from elsewhere: %q", s.at(n.Pos()), text)
				}
			} else if unexplained[text] == "" && !strings.Contains(manual, text) {
				t.Errorf("%s: %q does not stand in docs/troubleshooting.md", s.at(n.Pos()), text)
			}
			seen[text] = true
			return true
		})
	})
	for _, list := range []map[string]string{unexplained, passedOn} {
		for text := range list {
			if !seen[text] {
				t.Errorf("%q is an exception, and no line of the log", text)
			}
		}
	}
	if len(seen) < 40 {
		t.Errorf("only %d lines were found", len(seen))
	}
}

// isLine reports whether a call ends a line of the log that may be a warning or an error.
func isLine(call *ast.CallExpr) bool {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if ok && sel.Sel.Name == "complain" && len(call.Args) == 4 {
		return true
	}
	if !ok || sel.Sel.Name != "Msg" || len(call.Args) != 1 {
		return false
	}
	harmless := false
	ast.Inspect(sel.X, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		harmless = harmless || ok && slices.Contains([]string{"Debug", "Info", "always"}, sel.Sel.Name)
		return true
	})
	return !harmless
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
