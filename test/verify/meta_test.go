package verify

import (
	"testing"

	"magent/test/harness"
)

// TestMetaCommands checks servers without the present meta commands. With the older form copies are compared but not
// repaired; without meta commands they are not even compared. Nothing is changed, and the reason is reported.
func TestMetaCommands(t *testing.T) {
	f := newFarm(t)
	f.set(50)
	do(t, f.backup, "delete key3\r\n")
	differs := "  only-primary  key3  primary " + f.primaryOf("key3").Addr + "  backup " + f.backup.Addr
	compared := "compared 50 keys in N s: 1 differ (value 0, flags 0, ttl 0, only-primary 1, only-backup 0), " +
		"repaired 0, unsure 0"
	switch harness.MetaOf(t) {
	case harness.FullMeta:
		f.verify().wants(1, "differs"+differs, compared)
		f.verify("--repair").wants(0, "repaired"+differs,
			"compared 50 keys in N s: 1 differ (value 0, flags 0, ttl 0, only-primary 1, only-backup 0), repaired "+
				"1, unsure 0")
		return
	case harness.OldMeta:
		f.verify().wants(1, "differs"+differs, compared)
		f.verify("--repair").says(3, f.backup.Addr+": it has the meta commands in their older form",
			"compared but not repaired")
	case harness.NoMeta:
		f.verify().says(3, f.backup.Addr+": it has no meta commands", "memcached 1.6.0 or later is needed")
		f.verify("--repair").says(3, f.backup.Addr+": it has no meta commands")
	}
	if n := held(t, f.backup); n != "49" {
		t.Errorf("the backup holds %s keys", n)
	}
}
