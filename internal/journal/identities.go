package journal

import (
	"encoding/json"
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
func readIdentities(dir string) map[Server]string {
	identities := map[Server]string{}
	var all []known
	text, err := os.ReadFile(filepath.Join(dir, serversName))
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
	path := filepath.Join(j.dir, serversName)
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
