package run

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"magent/internal/control"
	"magent/internal/maintenance"
	"magent/internal/service"
)

// commands returns the commands that the socket of --admin-socket takes.
func (m *maintainer) commands() control.Engine {
	return control.Engine{Drain: m.drain, Undrain: m.undrain, Settled: m.settled}
}

// drain takes a server out of use, on all members of a fleet, unless keys would lose their only copy.
func (m *maintainer) drain(o control.Order) (string, error) {
	places, err := m.proxy().PlacesOf(o.Server, o.Pool)
	if err != nil {
		return "", err
	}
	if m.fleet != nil {
		o.By += " through " + m.self()
	}
	q := maintenance.Question{Force: o.Force}
	for _, at := range places {
		order := maintenance.Order{Pool: at.Pool.Name, Server: at.Server, By: o.By, Reason: o.Reason, Since: now()}
		q.Wishes = append(q.Wishes, maintenance.Wish{Pool: order.Pool, Server: order.Server, Order: &order})
	}
	defer m.begin()()
	all := m.together()
	seen, effects, err := m.askAll(all, q.Wishes, places)
	if err != nil {
		return "", err
	}
	lines, refused, fresh := judge(effects, o.Force)
	forced, absent := judgeAbsent(seen, "not drained", o.Force)
	lines, refused = append(lines, forced...), append(refused, absent...)
	switch {
	case len(refused) > 0:
		return "", errors.New(strings.Join(append(lines, refused...), "\n"))
	case !fresh:
		return strings.Join(append(lines, "nothing to do"), "\n"), nil
	}
	if err := m.set(all, seen, q); err != nil {
		return "", fmt.Errorf("not drained: %w", err)
	}
	lines = append(lines, o.Server+" is drained until `magent undrain "+o.Server+"`"+all.Who(seen))
	if !m.proxy().KeepsDrained() {
		lines = append(lines, "without --state-dir this is forgotten when this magent ends")
	}
	return strings.Join(lines, "\n"), nil
}

// askAll asks all members what they know. If nobody decides for some keys just now, it asks again for a while.
func (m *maintainer) askAll(all *maintenance.Together, wishes []maintenance.Wish, places []maintenance.Place,
) (seen *maintenance.Seen, effects []maintenance.Effect, err error) {
	for began := time.Now(); ; time.Sleep(lookAgain) {
		if seen, err = m.look(all, wishes); err != nil {
			return nil, nil, err
		}
		undecided := false
		effects = seen.Effects(places)
		for _, e := range effects {
			undecided = undecided || e.Undecided
		}
		if !undecided || len(seen.Absent) > 0 || time.Since(began) > decideFor {
			return seen, effects, nil
		}
	}
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

// judgeAbsent returns why members that cannot be asked forbid something, or, by force, lines that say that they do
// not.
func judgeAbsent(seen *maintenance.Seen, not string, force bool) (lines, refused []string) {
	for _, err := range seen.Absent {
		if force {
			lines = append(lines, fmt.Sprintf("forced although %v: it does the same when it is back", err))
		} else {
			refused = append(refused, fmt.Sprintf("%s: %v: wait until it can, or do it on the others by --force", not,
				err))
		}
	}
	return lines, refused
}

// set has the members that were seen carry wishes out.
func (m *maintainer) set(all *maintenance.Together, seen *maintenance.Seen, q maintenance.Question) error {
	ctx, cancel := context.WithTimeout(m.ending, doTime)
	defer cancel()
	undo, stop := context.WithTimeout(context.Background(), doTime+undoTime)
	defer stop()
	defer context.AfterFunc(m.ending, func() { time.AfterFunc(endTime, stop) })()
	if err := all.Set(ctx, undo, seen, q, time.Now().UnixMilli()); err != nil {
		if m.ending.Err() != nil {
			return fmt.Errorf("%w: %w", service.ErrEnding, err)
		}
		return err
	}
	for _, err := range seen.Absent {
		m.log.Warn().AnErr("reason", err).
			Msg("not all members know yet which servers are drained: they learn it when they are back")
	}
	return nil
}

// undrain lets a server return.
func (m *maintainer) undrain(o control.Order) (string, error) {
	places, err := m.proxy().PlacesOf(o.Server, o.Pool)
	if err != nil {
		return "", err
	}
	var wishes []maintenance.Wish
	for _, at := range places {
		wishes = append(wishes, maintenance.Wish{Pool: at.Pool.Name, Server: at.Server})
	}
	defer m.begin()()
	all := m.together()
	seen, err := m.look(all, wishes)
	if err != nil {
		return "", err
	}
	lines, refused := judgeAbsent(seen, "not undrained", o.Force)
	if len(refused) > 0 {
		return "", errors.New(strings.Join(refused, "\n"))
	}
	ends, err := seen.Ended(places)
	if err == nil {
		err = m.set(all, seen, maintenance.Question{Wishes: ends})
	}
	if err != nil {
		return "", err
	}
	var pools []string
	for _, w := range ends {
		pools = append(pools, w.Pool)
	}
	lines = append(lines, fmt.Sprintf("%s is undrained in pool %s%s, and used again when it has what it missed and "+
		"it is known whether the servers with its other copies answer", o.Server, strings.Join(pools, ", "),
		all.Who(seen)))
	return strings.Join(lines, "\n"), nil
}
