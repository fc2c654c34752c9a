package simulation

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"magent/internal/testkit"
)

// teeth are the guards of a fleet. Without one of them a promise is broken within some seeds; which one is seen
// first may differ.
var teeth = map[string]struct {
	found string // what is expected to be found: one of these
	world string // the test that finds it
}{
	"fence":       {"I3 I2", "TestSeeds"}, // a successor does not look for connections of the dead
	"givenup":     {"I3", "TestFence"},    // nor waits for what their kernels still send
	"woken":       {"I3", "TestFence"},    // nor until a server that stood still has read it
	"reading":     {"I3", "TestFence"},    // a process that was stopped reads replies when it goes on
	"leasecommit": {"I2", "TestRefusal"},  // a voter refuses a lease only once the newer view is committed
	"leasewait":   {"I1 I2", "TestSeeds"}, // a successor does not wait
	"boottime":    {"I1", "TestSeeds"},    // the lease is checked by the time of the loop's turn
	"compare":     {"I6", "TestSeeds"},    // a successor takes the copies for equal
	"records":     {"I5", "TestSeeds"},    // replies leave before what they rest on is known to all
	"announce":    {"I4", "TestSeeds"},    // a connection is used before it is announced
	"sendonce":    {"I7 I9", "TestSeeds"}, // a mutation goes to the next owner, too
	"hold":        {"I10", "TestSeeds"},   // pools change while requests are under way
	"ahead":       {"I6", "TestSeeds"},    // records count before the pools that they are about
	"fleetlease":  {"I1 I2", "TestSeeds"}, // an owner decides without a lease
}

// TestTeeth switches the guards off, one at a time, and wants each to be found.
func TestTeeth(t *testing.T) {
	binary := testkit.TestBinary(t, "faults")
	for guard, tooth := range teeth {
		t.Run(guard, func(t *testing.T) {
			cmd := exec.Command(binary, "-test.run", "^"+tooth.world+"$", "-test.v", "-seeds", "1500")
			cmd.Env = append(os.Environ(), "MAGENT_FAULT="+guard)
			out, err := cmd.CombinedOutput()
			if err == nil {
				t.Fatalf("nobody noticed\n%s", out)
			}
			line := firstLine(string(out), ": seed ")
			t.Log(line)
			for _, promise := range strings.Fields(tooth.found) {
				if strings.Contains(line, ": "+promise+": ") {
					return
				}
			}
			t.Errorf("something else was found: %s", out)
		})
	}
}

// firstLine is the first that has a text in it.
func firstLine(text, part string) string {
	for line := range strings.Lines(text) {
		if strings.Contains(line, part) {
			return strings.TrimSpace(line)
		}
	}
	return ""
}
