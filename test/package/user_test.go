package packaging

import (
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"magent/internal/testkit"
	"magent/test/harness"
	"magent/test/netns"
)

// user is a client of one address, with keys of its own, each of which it writes once. It reads what it has written,
// and connects anew when its connection has ended, as clients of any proxy do.
type user struct {
	space   *netns.Space
	addr    string
	client  *harness.Client
	ended   atomic.Bool
	answers atomic.Int64
	errors  atomic.Pointer[[]string] // that it was answered with
	done    chan error
}

// startUsers starts a client for each address. It ends with the test, which fails if one has read another value than
// it had written.
func startUsers(t *testing.T, space *netns.Space, addrs ...string) (users []*user) {
	t.Helper()
	for _, addr := range addrs {
		u := &user{space: space, addr: addr, done: make(chan error, 1)}
		u.errors.Store(&[]string{})
		users = append(users, u)
		go func() { u.done <- u.run() }()
		t.Cleanup(func() {
			u.ended.Store(true)
			if err := <-u.done; err != nil {
				t.Errorf("the client of %s: %v", u.addr, err)
			}
		})
	}
	return users
}

func (u *user) run() error {
	defer u.hangUp()
	for n := 0; !u.ended.Load(); n++ {
		key, value := fmt.Sprintf("%s-%d", u.addr, n), strconv.Itoa(n)
		if reply, ok := u.do(harness.Set(key, value)); ok && reply != "STORED\r\n" {
			return fmt.Errorf("set: %q", reply)
		}
		if reply, ok := u.do("get " + key + "\r\n"); ok && reply != harness.Hit(key, value) {
			return fmt.Errorf("get: %q, want %s", reply, value)
		}
		harness.Breathe()
	}
	return nil
}

// do sends a request until it is answered. ok is false if the client has ended before that.
func (u *user) do(request string) (reply string, ok bool) {
	for ; !u.ended.Load(); harness.Breathe() {
		if u.client == nil {
			conn, err := u.space.Dial(u.addr, time.Second)
			if err != nil {
				continue
			}
			u.client = harness.NewClient(conn)
			u.client.Limit = 5 * time.Second
		}
		reply, err := u.client.Try(request)
		switch {
		case err != nil:
			u.hangUp()
		case harness.IsError(reply):
			all := append(slices.Clone(*u.errors.Load()), reply)
			u.errors.Store(&all)
		default:
			u.answers.Add(1)
			return reply, true
		}
	}
	return "", false
}

func (u *user) hangUp() {
	if u.client != nil {
		u.client.Close()
		u.client = nil
	}
}

// more waits until all clients have been answered.
func more(t *testing.T, users []*user) {
	t.Helper()
	for _, u := range users {
		until := u.answers.Load() + 100
		testkit.Eventually(t, "the client of "+u.addr+" is answered", func() error {
			if n := until - u.answers.Load(); n > 0 {
				return fmt.Errorf("not %d times", n)
			}
			return nil
		})
	}
}

// unharmed waits until all clients have been answered, and fails if one has got an error.
func unharmed(t *testing.T, users []*user, what string) {
	t.Helper()
	more(t, users)
	for _, u := range users {
		if all := *u.errors.Load(); len(all) > 0 {
			t.Errorf("%s: the client of %s got %q", what, u.addr, all)
		}
	}
}
