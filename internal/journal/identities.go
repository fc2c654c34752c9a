package journal

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
)

// known is an entry of that file.
type known struct {
	Server
	Identity string
}

// readIdentities returns no identities if the file is missing or cannot be read.
func (p Place) readIdentities() map[Server]string {
	identities := map[Server]string{}
	f, err := p.open(filepath.Join(p.Dir, serversName), os.O_RDONLY)
	if err != nil {
		return identities
	}
	defer f.Close()
	var all []known
	text, err := io.ReadAll(f)
	if err != nil || json.Unmarshal(text, &all) != nil {
		return identities
	}
	for _, k := range all {
		identities[k.Server] = k.Identity
	}
	return identities
}

// Identity records who the server is; "" means not known. It is kept for the next process, and is written in front of
// the records of the next outage.
func (j *Journal) Identity(server int, identity string) {
	j.writeIdentities(j.note(server, identity))
}

// IdentitySoon is Identity for who must not wait for the disk: to create and rename a file takes a busy one a second.
// The file has the identity a little later, and in any case when Close returns.
func (j *Journal) IdentitySoon(server int, identity string) {
	n := j.note(server, identity)
	if j.written.Load() >= n {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.closing {
		j.writing.Go(func() { j.writeIdentities(n) })
	}
}

// note enters an identity, and returns how many changes of identities there have been so far.
func (j *Journal) note(server int, identity string) (changes uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	s := j.servers[server]
	s.identity = identity
	if identity != "" && j.identities[s.name] != identity {
		j.identities[s.name] = identity
		j.changes++
	}
	return j.changes
}

// writeIdentities returns when the file has so many changes, or cannot be written. That is not serious: with an old
// file a server may be refilled without need. Who records what a server has missed does not wait for it.
func (j *Journal) writeIdentities(changes uint64) {
	if j.written.Load() >= changes {
		return
	}
	j.writer.Lock()
	defer j.writer.Unlock()
	if j.written.Load() >= changes { // somebody else has written them
		return
	}
	j.mu.Lock()
	var all []known
	for s, identity := range j.identities {
		all = append(all, known{s, identity})
	}
	changes = j.changes
	closed := j.file == nil // and the next process may have the directory
	j.mu.Unlock()
	if closed {
		return
	}
	_ = j.place.writeIdentities(all)
	j.written.Store(changes)
}

func (p Place) writeIdentities(all []known) error {
	text, err := json.Marshal(all)
	if err != nil {
		return err
	}
	path := filepath.Join(p.Dir, serversName)
	_ = os.Remove(path + NewSuffix) // left by a process that was killed meanwhile
	f, err := p.create(path + NewSuffix)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(path+NewSuffix, path)
}
