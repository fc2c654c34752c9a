package journal

import (
	"maps"
	"os"
	"path/filepath"
	"testing"
)

// TestDue: the next process knows when servers are to be flushed, whether or not their identities are known. Those
// that were flushed, or that are in no pool any more, count no more.
func TestDue(t *testing.T) {
	dir := t.TempDir()
	j, k := open(t, dir)
	if len(k.Due) > 0 {
		t.Errorf("at first %v", k.Due)
	}
	j.Due(map[Server]int64{alpha: 50, beta: 60})
	j.Identity(j.Server(alpha), "1@1000")
	j.DueSoon(map[Server]int64{alpha: 70})
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j, k = open(t, dir)
	if want := map[Server]int64{alpha: 70, beta: 60}; !maps.Equal(k.Due, want) || k.Identities[alpha] != "1@1000" {
		t.Errorf("%v, want %v", k.Due, want)
	}
	j.Identity(j.Server(beta), "2@1000") // written before anybody has said what counts
	if _, due := j.place.readServers(); due[alpha] != 70 {
		t.Errorf("it has gone: %v", due)
	}
	j.Due(map[Server]int64{alpha: 0, beta: 60})
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	_, k = open(t, dir)
	if want := map[Server]int64{beta: 60}; !maps.Equal(k.Due, want) || len(k.Identities) != 2 {
		t.Errorf("%v, want %v", k.Due, want)
	}
}

// TestDueCannotBeWritten: then the next process takes everything for missed, so that the flush is not lost.
func TestDueCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	j, _, said := failing(t, dir)
	if err := os.Mkdir(filepath.Join(dir, serversName), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, serversName, "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	j.Due(map[Server]int64{alpha: 50})
	if len(*said) != 1 {
		t.Fatalf("failed %d times: %q", len(*said), *said)
	}
	if err := os.RemoveAll(filepath.Join(dir, serversName)); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	_, k := open(t, dir)
	doubt(t, k, "records are missing")
}

// TestDueCannotBeCleared: that a server need not be flushed any more is as serious. Else the next process would flush
// it, and nobody would know why.
func TestDueCannotBeCleared(t *testing.T) {
	dir := t.TempDir()
	j, _, said := failing(t, dir)
	j.Due(map[Server]int64{alpha: 50})
	path := filepath.Join(dir, serversName)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(path, "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if len(*said) != 0 {
		t.Fatalf("it has failed already: %q", *said)
	}
	j.Due(map[Server]int64{alpha: 0})
	if len(*said) != 1 {
		t.Errorf("failed %d times: %q", len(*said), *said)
	}
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Error(err)
	}
}
