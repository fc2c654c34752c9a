package journal

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
)

// serversName is the file that says who each server was at last, so that one which is restarted while no magent runs is
// known to be another one. It is written when that changes.
const serversName = "servers.json"

// known is one line of that file.
type known struct {
	Server
	Identity string
}

// readIdentities is empty when there is no file, or none that can be read: then nobody was known.
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

// noteIdentity writes the file if it says something else. An error costs no more than a file that is out of date does: a
// server may be filled without need.
func (j *Journal) noteIdentity(s Server, identity string) error {
	if j.identities[s] == identity || identity == "" {
		return nil
	}
	j.identities[s] = identity
	var all []known
	for s, identity := range j.identities {
		all = append(all, known{s, identity})
	}
	text, err := json.Marshal(all)
	if err != nil {
		return err
	}
	path := filepath.Join(j.place.Dir, serversName)
	_ = os.Remove(path + NewSuffix) // of a process that died over it
	f, err := j.place.create(path + NewSuffix)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(path+NewSuffix, path)
}
