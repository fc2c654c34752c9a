package journal

import (
	"testing"

	"magent/internal/testkit"
)

// TestIdentitySoonWaitsForNobody: while the file of identities is being written, which may take a busy disk a second,
// others go on that note one, or what a server has missed. The next process knows all of it.
func TestIdentitySoonWaitsForNobody(t *testing.T) {
	dir := t.TempDir()
	j, _ := open(t, dir)
	a, b := j.Server(alpha), j.Server(beta)
	j.writer.Lock() // as somebody who writes
	done := make(chan struct{})
	go func() {
		defer close(done)
		j.IdentitySoon(a, "1@1000")
		j.IdentitySoon(b, "2@1000")
		j.IdentitySoon(a, "3@2000")
		j.Dirty(0, a, []byte("k"))
	}()
	testkit.Await(t, "who does not wait", done)
	if known, _ := j.place.readServers(); len(known) > 0 {
		t.Errorf("%v are in the file already", known)
	}
	j.writer.Unlock()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j.IdentitySoon(b, "4@3000") // too late: the directory may be somebody else's
	j.Identity(b, "4@3000")
	_, k := open(t, dir)
	if len(k.Identities) != 2 || k.Identities[alpha] != "3@2000" || k.Identities[beta] != "2@1000" {
		t.Errorf("the next one knows %v", k.Identities)
	}
}

// TestIdentityWaitsForOthers: who may use a server when Identity returns does not go on before the file has it, also
// if somebody else is just writing the same.
func TestIdentityWaitsForOthers(t *testing.T) {
	j, _ := open(t, t.TempDir())
	a := j.Server(alpha)
	j.writer.Lock()
	j.IdentitySoon(a, "1@1000")
	done := make(chan struct{})
	go func() {
		defer close(done)
		j.Identity(a, "1@1000")
		if known, _ := j.place.readServers(); known[alpha] != "1@1000" {
			t.Errorf("it goes on with %v", known)
		}
	}()
	select {
	case <-done:
		t.Error("it does not wait")
	default:
	}
	j.writer.Unlock()
	testkit.Await(t, "it is written", done)
}
