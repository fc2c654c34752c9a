package config

import (
	"fmt"
	"os"
	"strings"
)

// Nearest returns the name that is closest to word, or "" if none is close enough to be a typing error: at most one
// edit per three letters. An edit inserts, deletes or changes a letter, or swaps two neighbours. Where that takes more
// than one, the only name that word is the beginning of is meant.
func Nearest(word string, names []string) string {
	best, bestDistance := "", max(1, len(word)/3)+1
	if name := completed(word, names); name != "" {
		best, bestDistance = name, 2
	}
	for _, name := range names {
		if d := editDistance(word, name); d < bestDistance {
			best, bestDistance = name, d
		}
	}
	return best
}

// completed returns the only name that begins with word, which is three letters long at least; "": there is none.
func completed(word string, names []string) (only string) {
	for _, name := range names {
		switch {
		case len(word) < minBeginning || !strings.HasPrefix(name, word):
		case only != "":
			return ""
		default:
			only = name
		}
	}
	return only
}

// minBeginning is the number of letters that tell which name is meant.
const minBeginning = 3

// StrangeVariables names the variables of the environment with a prefix that look like one of a program's known ones,
// with a typing error. Other programs may use the same prefix, so one that resembles nothing is not mentioned.
func StrangeVariables(program, prefix string, known []string) (warnings []string) {
	var words []string
	for _, name := range known {
		words = append(words, strings.TrimPrefix(name, prefix))
	}
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		word, ours := strings.CutPrefix(name, prefix)
		if near := Nearest(word, words); ours && near != "" && near != word {
			warnings = append(warnings, fmt.Sprintf("%s is no variable of %s and has no effect: did you mean %s?",
				name, program, prefix+near))
		}
	}
	return warnings
}

// editDistance returns the number of edits between a and b (optimal string alignment).
func editDistance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := last[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			row[j] = min(change, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
