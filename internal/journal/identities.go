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

// noteIdentity writes the file if the identity has changed. An error is not serious: with an old file a server may
// be refilled without need.
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
	_ = os.Remove(path + NewSuffix) // left by a process that was killed meanwhile
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
