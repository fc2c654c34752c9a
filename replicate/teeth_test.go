package replicate

import (
	"testing"

	"magent/internal/testkit"
)

// TestTeeth: without these guards the tests of this package fail.
func TestTeeth(t *testing.T) {
	testkit.WantFailures(t, "faults", map[string]string{
		"MAGENT_FAULT=alone":    "TestAnswersWaitForTheOtherCopy",
		"MAGENT_FAULT=repaired": "TestRepairedKeysAreRecorded",
		"MAGENT_FAULT=replaced": "TestWhatIsStoredDuringARepairStays",
	})
}
