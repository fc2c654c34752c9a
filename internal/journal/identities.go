package journal

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// known is an entry of that file.
type known struct {
	Server
	Identity string
	Due      int64 `json:",omitempty"` // as Journal.Due has it; earlier versions do not know it
}

// readServers returns nothing if the file is missing or cannot be read.
func (p Place) readServers() (identities map[Server]string, due map[Server]int64) {
	identities, due = map[Server]string{}, map[Server]int64{}
	f, err := p.open(filepath.Join(p.Dir, serversName), os.O_RDONLY)
	if err != nil {
		return identities, due
	}
	defer f.Close()
	var all []known
	text, err := io.ReadAll(f)
	if err != nil || json.Unmarshal(text, &all) != nil {
		return identities, due
	}
	for _, k := range all {
		if k.Identity != "" {
			identities[k.Server] = k.Identity
		}
		if k.Due != 0 {
			due[k.Server] = k.Due
		}
	}
	return identities, due
}

// Identity records who the server is; "" means not known. It is kept for the next process, and is written in front of
// the records of the next outage.
func (j *Journal) Identity(server int, identity string) {
	j.writeServers(j.note(server, identity))
}

// IdentitySoon is Identity for who must not wait for the disk: to create and rename a file takes a busy one a second.
// The file has the identity a little later, and in any case when Close returns.
func (j *Journal) IdentitySoon(server int, identity string) {
	j.writeSoon(j.note(server, identity))
}

// Due records when servers are to be flushed, in seconds since 1970; 0: they are not. It is kept for the next process.
// If it cannot be, that takes everything for missed.
func (j *Journal) Due(servers map[Server]int64) { j.writeServers(j.noteDue(servers)) }

// DueSoon is Due as IdentitySoon is Identity.
func (j *Journal) DueSoon(servers map[Server]int64) { j.writeSoon(j.noteDue(servers)) }

// writeSoon has changes written beside the caller.
func (j *Journal) writeSoon(changes uint64) {
	if j.written.Load() >= changes {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.closing {
		j.writing.Go(func() { j.writeServers(changes) })
	}
}

func (j *Journal) noteDue(servers map[Server]int64) (changes uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for s, due := range servers {
		if j.due[s] == due {
			continue
		}
		j.changes++
		if j.due[s] = due; due == 0 {
			delete(j.due, s)
		}
	}
	return j.changes
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

// writeServers returns when the file has so many changes, or cannot be written. That is serious if a server is to be
// flushed, or the file goes on saying so: with an old identity it may only be refilled without need. Who records what
// a server has missed does not wait for it.
func (j *Journal) writeServers(changes uint64) {
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
		all = append(all, known{s, identity, j.due[s]})
	}
	for s, due := range j.due {
		if j.identities[s] == "" {
			all = append(all, known{Server: s, Due: due})
		}
	}
	changes = j.changes
	closed := j.file == nil // and the next process may have the directory
	j.mu.Unlock()
	if closed {
		return
	}
	err := j.place.writeServers(all)
	j.written.Store(changes)
	if err == nil {
		j.hasDue = slices.ContainsFunc(all, func(k known) bool { return k.Due != 0 })
		return
	}
	j.mu.Lock()
	serious := (len(j.due) > 0 || j.hasDue) && j.file != nil
	if serious {
		err = j.fail(err)
	}
	j.mu.Unlock()
	if serious {
		j.tell(err)
	}
}

func (p Place) writeServers(all []known) error {
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
