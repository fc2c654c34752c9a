package behaviour

import (
	"testing"
)

func TestStorage(t *testing.T) {
	targets := startTargets(t)
	for _, s := range scripts(t, "storage.txt") {
		t.Run(s.name, func(t *testing.T) { agree(t, targets, s) })
	}
}
