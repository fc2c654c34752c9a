// Package abuse does to magent what clients do by mistake, by bad luck or on purpose. After each abuse the process
// must live, serve other clients, and use little memory.
package abuse

import (
	"strings"
	"testing"

	"magent/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

// rssLimit is the memory that the process may use after any abuse, in bytes.
const rssLimit = 300 << 20

// big is a value near memcached's limit. bigHit is the reply to a get of its key.
var (
	big    = strings.Repeat("0123456789abcde\n", 900_000/16)
	bigHit = harness.Hit("big", big)
)

// victim is the proxy under test.
type victim struct {
	*harness.Magent
	t *testing.T
}

func startVictim(t *testing.T, args ...string) *victim {
	t.Helper()
	primary, backup := harness.StartMemcached(t), harness.StartMemcached(t)
	v := &victim{harness.StartMagent(t, append([]string{"-s", primary.Addr, "-b", backup.Addr}, args...)...), t}
	c := harness.Dial(t, v.Addr)
	defer c.Close()
	c.Want(harness.Set("big", big), "STORED\r\n")
	return v
}

// serves checks that the proxy serves a new client.
func (v *victim) serves(t *testing.T) {
	t.Helper()
	if v.Exited() {
		t.Fatalf("magent has ended:\n%s", v.Log())
	}
	c := harness.Dial(t, v.Addr)
	defer c.Close()
	c.Want("set served 0 0 3\r\nyes\r\n", "STORED\r\n")
	c.Want("get served\r\n", harness.Hit("served", "yes"))
	c.Want("get big\r\n", bigHit)
	v.small(t)
}

// small checks the memory of the process.
func (v *victim) small(t *testing.T) {
	t.Helper()
	if rss := v.RSS(); rss > rssLimit {
		t.Fatalf("RSS %d MB", rss>>20)
	}
}

// TestAbuse lets one proxy go through all kinds of abuse. Clients that are slow on purpose may be slow: a busy machine
// makes them slower.
func TestAbuse(t *testing.T) {
	patient := []string{"--request-timeout", "10m"}
	v := startVictim(t, patient...)
	for _, abuse := range []struct {
		name string
		do   func(*testing.T, *victim)
	}{
		{"stats and close", statsAndClose},
		{"reset in the middle of a reply", resetInReply},
		{"connect and go", connectAndGo},
		{"flood of noreply", noreplyFlood},
		{"200 gets of 900 kB and no read", func(t *testing.T, v *victim) {
			readNothing(t, v, strings.Repeat("get big\r\n", 200), strings.Repeat(bigHit, 200))
		}},
		{"one get of 200 keys of 900 kB and no read", func(t *testing.T, v *victim) {
			readNothing(t, v, "get"+strings.Repeat(" big", 200)+"\r\n",
				strings.Repeat(strings.TrimSuffix(bigHit, "END\r\n"), 200)+"END\r\n")
		}},
		{"half-closed and large replies", halfClosed},
		{"150 MB announced and sent", largeBody},
		{"150 MB announced and gone", largeBodyGone},
		{"many bodies that lack a byte", almostBodies},
		{"slow loris", slowLoris},
		{"a line of 64 KiB", longLine},
		{"a line without an end", endlessLine},
		{"garbage", garbage},
	} {
		survived := t.Run(abuse.name, func(t *testing.T) {
			abuse.do(t, v)
			v.serves(t)
		})
		if !survived { // let the next one not suffer from it
			v = startVictim(t, patient...)
		}
	}
}
