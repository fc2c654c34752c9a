package failover

import (
	"fmt"
	"strconv"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// TestDirtyKeysOverflow makes a server miss more keys than are remembered, while it is out of use or up. It is flushed
// before it is read again, and filled. What it held is not read in the meantime, and is not there in the end.
//
// memcached 1.6.25 and later may keep an old item over flush_all if it was used in the same second. So the server gets
// commands that use old items, carries them out when it goes on, and must not be flushed at once.
func TestDirtyKeysOverflow(t *testing.T) {
	t.Parallel()
	for _, which := range []string{"primary", "backup", "primary, which is up"} {
		t.Run(which, func(t *testing.T) {
			t.Parallel()
			dirtyKeysOverflow(t, which != "backup", which == "primary, which is up")
		})
	}
}

func dirtyKeysOverflow(t *testing.T, primary, up bool) {
	const keys, remembered = 600, 50
	p := startPairAs(t, func(args ...string) []string {
		if up {
			args = append(args, "--server-failure-limit", "1000")
		}
		return soon(append(args, "--timeout", hang.String(), "--connect-timeout", hang.String(), "--dirty-keys",
			fmt.Sprint(remembered))...)
	})
	hung, other := p.backup, p.primary
	if primary {
		hung, other = p.primary, p.backup
	}
	c := harness.Dial(t, p.proxy.Addr)
	key := func(i int) string { return fmt.Sprint("key", i) }
	var stored, used, touched, change, read [][]string
	for i := range keys {
		stored = append(stored, []string{harness.Set(key(i), "old"), "STORED\r\n"})
		used = append(used, []string{"get " + key(i) + "\r\n", harness.Hit(key(i), "old"), "END\r\n"})
		if i%4 == 0 {
			touched = append(touched, []string{"touch " + key(i) + " 0\r\n", "TOUCHED\r\n"})
		}
		value := "new"
		switch i % 3 {
		case 0:
			value = ""
			change = append(change, []string{"delete " + key(i) + "\r\n", "DELETED\r\n"})
		case 1:
			change = append(change, []string{harness.Set(key(i), value), "STORED\r\n"})
		case 2:
			value = "old"
		}
		read = append(read, append([]string{"get " + key(i) + "\r\n"}, reading(t, key(i), value)...))
	}
	together(t, c, stored)
	direct := harness.Dial(t, hung.Addr)
	for range 3 {
		together(t, direct, used)
	}
	clock := func() int {
		n, err := strconv.Atoi(harness.Stats(t, hung.Addr, "")["time"])
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	began := clock()
	testkit.Eventually(t, "the items are some seconds old", func() error {
		if age := clock() - began; age < 3 {
			return fmt.Errorf("they are %d s old", age)
		}
		return nil
	})
	hung.Pause()
	for range 3 {
		together(t, c, touched) // which the server carries out when it goes on
	}
	together(t, c, change)
	stat := func(name string) string { return harness.ServerStat(t, p.proxy.Addr, hung.Addr, name) }
	if stat("dirty_overflow") == "0" {
		t.Fatalf("%s dirty keys are remembered", stat("dirty_keys"))
	}
	hung.Resume()
	testkit.Eventually(t, "the server is up", func() error {
		together(t, c, read)
		if stat("state") != "up" || stat("dirty_keys") != "0" || stat("dirty_overflow") != "0" {
			return fmt.Errorf("it is %s, with %s keys dirty, overflow %s", stat("state"), stat("dirty_keys"),
				stat("dirty_overflow"))
		}
		return nil
	})
	if n := harness.Stats(t, hung.Addr, "")["cmd_flush"]; n == "0" {
		t.Error("it was not flushed")
	}
	together(t, harness.Dial(t, hung.Addr), read)
	other.Kill()
	together(t, c, read)
}
