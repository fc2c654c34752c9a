package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"strings"

	"magent/internal/config"
	"magent/internal/fleet/link"
)

// maxSecret is how long the file of --fleet-secret-file may be.
const maxSecret = 64 << 10

// readFleet returns nil if there is no --fleet. witness: it is for magent witness.
func readFleet(r *reader, witness bool) *config.Fleet {
	if !r.given(flagFleet) {
		for _, name := range []string{flagMember, flagSecret, flagAlone, flagLease} {
			if r.given(name) {
				r.fail(name, errors.New("needs --fleet NAME=HOST:PORT,..., the list of all members"))
			}
		}
		return nil
	}
	f := &config.Fleet{}
	var err error
	f.Members, err = config.ParseFleet(strings.Join(r.list(flagFleet), ","))
	r.fail(flagFleet, err)
	if r.err != nil {
		return nil
	}
	if f.Self, err = config.FleetSelf(f.Members, r.text(flagMember), witness, machineAddresses()); r.err == nil {
		r.err = err // it names the flag
	}
	value(r, flagAlone, config.ParseFleetAlone, &f.Alone)
	f.Lease, err = config.ParseDuration(r.text(flagLease), config.MinFleetLease, config.MaxFleetLease)
	r.fail(flagLease, err)
	if path := r.path(flagSecret); path != "" {
		f.Secret, err = readSecret(path)
		r.fail(flagSecret, err)
	} else if err := config.FleetNeedsSecret(f.Members); r.err == nil {
		r.err = err
	}
	if r.path(flagState) == "" {
		r.fail(flagFleet, errors.New("needs --state-dir DIR: a member must not forget what it has agreed to"))
	}
	return f
}

// readSecret reads the file of --fleet-secret-file, which others on this machine must not know.
func readSecret(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	switch {
	case info.IsDir():
		return nil, fmt.Errorf("%s is a folder: name the file with the secret", path)
	case info.Mode().Perm()&0o007 != 0:
		return nil, fmt.Errorf("%s has mode %04o, so every user of this machine may read or replace it: "+
			"chmod 640 %s", path, info.Mode().Perm(), path)
	}
	secret, err := io.ReadAll(io.LimitReader(file, maxSecret+1))
	if err == nil && len(secret) > maxSecret {
		err = fmt.Errorf("it has more than %d bytes: name the file with the secret", maxSecret)
	}
	if err == nil {
		_, err = link.NewSecret(secret)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return secret, nil
}

// unreadable says what to do about a file that cannot be opened.
func unreadable(path string, err error) error {
	var cause *fs.PathError
	if errors.As(err, &cause) {
		err = cause.Err
	}
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w: make one with: head -c 32 /dev/urandom | base64, the same on all members",
			path, err)
	}
	return fmt.Errorf("%s: %w: let the user read it who starts magent", path, err)
}

// fleetWarnings are for every start.
func fleetWarnings(f *config.Fleet) (warnings []string) {
	if text := f.Limits(); text != "" {
		warnings = append(warnings, "--"+flagFleet+": "+text)
	}
	return warnings
}

// redisTakesNoPart names the pools that are served as without a fleet. A fleet without any other pool is an error.
func redisTakesNoPart(pools []config.Pool) (warnings []string, err error) {
	for i := range pools {
		if pools[i].Redis {
			warnings = append(warnings, fmt.Sprintf("pool %q is one of Redis: it takes no part in the fleet, "+
				"and this magent serves it alone", pools[i].Name))
		}
	}
	if len(warnings) == len(pools) {
		return nil, errors.New("is for pools of memcached, and all pools here are of Redis: leave it out")
	}
	return warnings, nil
}

// machineAddresses are those that this machine has now.
func machineAddresses() (addresses []netip.Addr) {
	found, _ := net.InterfaceAddrs() // without any, --member has to say who this is
	for _, a := range found {
		if prefix, err := netip.ParsePrefix(a.String()); err == nil {
			addresses = append(addresses, prefix.Addr().Unmap())
		}
	}
	return addresses
}
