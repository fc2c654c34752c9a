package verify

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"magent/test/harness"
)

// mixed stores keys of every kind through magent: with flags, with a time to live, binary, beyond ASCII, empty.
func (f *farm) mixed() {
	f.client.Want("set flags 4294967295 0 1\r\nv\r\n", "STORED\r\n")
	f.client.Want("set time 0 1000 1\r\nv\r\n", "STORED\r\n")
	f.client.Want(setLong(0), "STORED\r\n")
	f.client.Want("set empty 0 0 0\r\n\r\n", "STORED\r\n")
	f.client.Want("set \xc3\xa9 0 0 1\r\nv\r\n", "STORED\r\n")
	f.client.Want("set b%20%25 0 0 1\r\nv\r\n", "STORED\r\n")
	f.client.Want("ms AAEgCg== 2 b F5 T500\r\nhi\r\n", "HD\r\n")
	f.client.Want(harness.Set(strings.Repeat("k", 250), "long key"), "STORED\r\n")
	f.client.Want(harness.Set("big", strings.Repeat("x", 900_000)), "STORED\r\n")
}

// setLong stores an item for more than 30 days. memcached takes such an exptime for a point in time.
func setLong(flags int) string {
	return fmt.Sprintf("set long %d %d 1\r\nv\r\n", flags, time.Now().Add(60*24*time.Hour).Unix())
}

func TestEqualCopies(t *testing.T) {
	t.Parallel()
	for _, place := range []string{"", "-k", "--distribution magent", "--distribution modula --hash fnv1a_64"} {
		t.Run(place, func(t *testing.T) {
			f := newFarm(t, strings.Fields(place)...)
			f.set(400)
			f.mixed()
			f.verify().wants(0,
				"compared 409 keys in N s: 0 differ (value 0, flags 0, ttl 0, only-primary 0, only-backup 0), "+
					"repaired 0, unsure 0")
		})
	}
}

func TestNothingStored(t *testing.T) {
	newFarm(t).verify().wants(0,
		"compared 0 keys in N s: 0 differ (value 0, flags 0, ttl 0, only-primary 0, only-backup 0), repaired 0, "+
			"unsure 0")
}

// differ makes a difference of each kind on the backup. It returns the expected lines without their first word.
func (f *farm) differ() []string {
	f.t.Helper()
	f.client.Want("set time 0 1000 1\r\nv\r\n", "STORED\r\n")
	f.client.Want("set never 0 0 1\r\nv\r\n", "STORED\r\n")
	f.client.Want(setLong(9), "STORED\r\n")
	f.client.Want("ms AAEgCg== 2 b F5 T500\r\nhi\r\n", "HD\r\n")
	do(f.t, f.backup, "set key1 0 0 3\r\nold\r\n", "set key2 7 0 6\r\nvalue2\r\n", "touch time 800\r\n",
		"touch never 1000\r\n", "delete key3\r\n",
		"delete long\r\n", "ms AAEgCg== 2 b F5 T500\r\nho\r\n")
	lines := []string{}
	for _, x := range []struct{ kind, key, shown string }{
		{"value", "key1", "key1"},
		{"flags", "key2", "key2"},
		{"ttl", "time", "time"},
		{"ttl", "never", "never"},
		{"only-primary", "key3", "key3"},
		{"only-primary", "long", "long"},
		{"value", "AAEgCg== b", `"\x00\x01 \n"`},
	} {
		lines = append(lines,
			fmt.Sprintf("  %s  %s  primary %s  backup %s", x.kind, x.shown, f.primaryOf(x.key).Addr, f.backup.Addr))
	}
	gone := f.primaryOf("key4")
	do(f.t, gone, "delete key4\r\n")
	return append(lines, fmt.Sprintf("  only-backup  key4  primary %s  backup %s", gone.Addr, f.backup.Addr))
}

func prefixed(word string, lines []string, more ...string) []string {
	var all []string
	for _, line := range lines {
		all = append(all, word+line)
	}
	return append(all, more...)
}

const found = "compared 104 keys in N s: 8 differ (value 2, flags 1, ttl 2, only-primary 2, only-backup 1), repaired "

func TestDifferencesAndRepair(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	f.set(100)
	differ := f.differ()
	f.verify().wants(1, prefixed("differs", differ, found+"0, unsure 0")...)
	f.verify().wants(1, prefixed("differs", differ, found+"0, unsure 0")...) // nothing was changed
	f.verify("--repair").wants(0, prefixed("repaired", differ, found+"8, unsure 0")...)
	f.verify().wants(0,
		"compared 103 keys in N s: 0 differ (value 0, flags 0, ttl 0, only-primary 0, only-backup 0), repaired 0, "+
			"unsure 0")
	for _, key := range []string{"key1", "key2", "key3", "long", "time", "never", "AAEgCg== b"} {
		if p, b := get(t, f.primaryOf(key), key), get(t, f.backup, key); !sameItem(p, b) {
			t.Errorf("%s: primary %q, backup %q", key, p, b)
		}
	}
}

// sameItem compares two replies to get. Their times may differ by a second.
func sameItem(p, b string) bool {
	var np, nb, fp, fb, tp, tb int
	fmt.Sscanf(p, "VA %d f%d t%d", &np, &fp, &tp)
	fmt.Sscanf(b, "VA %d f%d t%d", &nb, &fb, &tb)
	_, pv, _ := strings.Cut(p, "\r\n")
	_, bv, _ := strings.Cut(b, "\r\n")
	return np == nb && fp == fb && tp-tb <= 2 && tb-tp <= 2 && pv == bv && np > 0
}

func TestShow(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	f.set(30)
	do(t, f.backup, "flush_all\r\n")
	o := f.verify("--show", "3")
	if len(o.lines) != 5 || o.lines[3] != "... and 27 more" ||
		!strings.HasPrefix(o.lines[0], "differs  only-primary  key") || o.code != 1 {
		t.Errorf("exit code %d: %q", o.code, o.lines)
	}
	if o := f.verify("--show", "0"); len(o.lines) != 2 {
		t.Errorf("got %q", o.lines)
	}
}

// If a primary was restarted while no magent ran, its keys come back from the backup.
func TestFill(t *testing.T) {
	t.Parallel()
	f := newFarm(t)
	f.set(300)
	f.mixed()
	f.proxy.Kill()
	f.primaries[0].Restart()
	o := f.verify("--repair", "--fill", "--show", "0")
	if o.code != 0 || !strings.Contains(o.lines[1], "only-primary 0, only-backup "+strings.Fields(o.lines[0])[2]) {
		t.Fatalf("exit code %d: %q", o.code, o.lines)
	}
	f.verify().wants(0,
		"compared 309 keys in N s: 0 differ (value 0, flags 0, ttl 0, only-primary 0, only-backup 0), repaired 0, "+
			"unsure 0")
	for _, key := range []string{"flags", "time", "long", "AAEgCg== b"} {
		if p, b := get(t, f.primaryOf(key), key), get(t, f.backup, key); !sameItem(p, b) {
			t.Errorf("%s: primary %q, backup %q", key, p, b)
		}
	}
}

func TestMisplacedKeys(t *testing.T) {
	f := newFarm(t)
	f.set(50)
	wrong := f.primaries[0]
	if f.primaryOf("key1") == wrong {
		wrong = f.primaries[1]
	}
	do(t, wrong, harness.Set("key1", "x"))
	f.verify("--repair").says(4, "1 keys are on servers where the placement given does not put them", "--force")
	f.verify("--repair", "--force").wants(0, "misplaced  1 keys  primary "+wrong.Addr,
		"compared 50 keys in N s: 0 differ (value 0, flags 0, ttl 0, only-primary 0, only-backup 0), repaired 0, "+
			"unsure 0")
	if got := get(t, wrong, "key1"); !strings.Contains(got, "x\r\n") {
		t.Errorf("what is misplaced was changed: %q", got)
	}
}

// Stale items are not compared and stay as they were: the next client still wins the right to recompute them.
func TestStaleItem(t *testing.T) {
	f := newFarm(t)
	f.set(1)
	primary := f.primaryOf("key0")
	do(t, primary, "md key0 I\r\n")
	f.verify("--repair").wants(0,
		"compared 1 keys in N s: 0 differ (value 0, flags 0, ttl 0, only-primary 0, only-backup 0), repaired 0, "+
			"unsure 1")
	if got := get(t, primary, "key0"); !strings.Contains(got, " W") {
		t.Errorf("got %q", got)
	}
}
