package run

import (
	"errors"
	"fmt"
	"strings"

	"magent/internal/control"
	"magent/internal/maintenance"
	"magent/internal/proxy"
)

// maintainer carries out commands about servers.
type maintainer struct{ *proxy.Service }

// commandsOf returns the commands that the socket of --admin-socket takes.
func commandsOf(s *proxy.Service) control.Engine {
	m := maintainer{s}
	return control.Engine{Drain: m.drain, Undrain: m.undrain}
}

// drain takes a server out of use, unless keys would lose their only copy.
func (m maintainer) drain(o control.Order) (string, error) {
	effects, err := m.MayDrain(o.Server, o.Pool)
	if err != nil {
		return "", err
	}
	lines, refused, fresh := judge(effects, o.Force)
	switch {
	case len(refused) > 0:
		return "", errors.New(strings.Join(append(lines, refused...), "\n"))
	case !fresh:
		return strings.Join(append(lines, "nothing to do"), "\n"), nil
	}
	if err := m.DrainServer(effects, o.By, o.Reason); err != nil {
		return "", err
	}
	lines = append(lines, o.Server+" is drained until `magent undrain "+o.Server+"`")
	if !m.KeepsDrained() {
		lines = append(lines, "without --state-dir this is forgotten when this magent ends")
	}
	return strings.Join(lines, "\n"), nil
}

// judge returns a line for each effect, and why there should be none. fresh says that some server is not drained yet.
func judge(effects []maintenance.Effect, force bool) (lines, refused []string, fresh bool) {
	for i := range effects {
		f := &effects[i]
		lines = append(lines, f.String())
		fresh = fresh || f.Drained == ""
		switch {
		case f.Defiance == nil:
		case force:
			lines = append(lines, "forced although "+f.Defiance.Error())
		default:
			refused = append(refused, fmt.Sprintf("not drained: %v; --force drains it all the same", f.Defiance))
		}
	}
	return lines, refused, fresh
}

// undrain lets a server return.
func (m maintainer) undrain(server, pool string) (string, error) {
	pools, err := m.UndrainServer(server, pool)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s is undrained in pool %s, and used again when it has what it missed", server,
		strings.Join(pools, ", ")), nil
}
