package verify

import (
	"fmt"
	"strings"
	"testing"

	"magent/test/harness"
)

// Nobody knows whether the primaries have missed writes if no magent runs. Then a repair says so, and is refused if it
// would overwrite many copies.
func TestRepairWithoutMagent(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	f.set(200)
	f.proxy.Kill()
	for i := range 3 {
		do(t, f.backup, harness.Set(fmt.Sprint("key", i), "newer"))
	}
	o := f.verify("--repair")
	o.says(4, "3 of 200 keys would be overwritten on backups, more than 1 %", "--admin-socket", "--force")
	if !o.alone || !strings.Contains(get(t, f.backup, "key0"), "newer") {
		t.Errorf("alone: %v; the backup has %q", o.alone, get(t, f.backup, "key0"))
	}
	do(t, f.backup, harness.Set("key0", "value0"))
	o = f.verify("--repair", "--show", "0")
	if o.code != 0 || !o.alone || !strings.Contains(o.lines[len(o.lines)-1], "2 differ (value 2,") {
		t.Errorf("few: exit code %d, alone %v, %q, %q", o.code, o.alone, o.lines, o.stderr)
	}
	for i := range 3 {
		do(t, f.backup, harness.Set(fmt.Sprint("key", i), "newer"))
	}
	if o := f.verify("--repair", "--force", "--show", "0"); o.code != 0 || o.alone {
		t.Errorf("forced: exit code %d, alone %v, %q", o.code, o.alone, o.stderr)
	}
}
