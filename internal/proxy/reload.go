package proxy

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"magent/backend"
	"magent/internal/access"
	"magent/internal/config"
	"magent/internal/owner"
	"magent/internal/placement"
	"magent/internal/pool"
	"magent/internal/service"
	"magent/internal/session"
	"magent/internal/stats"
)

// A reload changes pools while clients stay connected. A pool that does not change keeps everything. A pool that
// changes accepts no new requests until none is under way. Then all loops stand still for a moment (stopTheWorld), and
// the goroutine that reloads may change what is theirs.

// holdTime is how long requests under way may take beyond the deadlines of their pool.
const holdTime = time.Second

// holdPoll is the time between two looks whether they have ended.
const holdPoll = 2 * time.Millisecond

// Reload replaces the pools of the service. Pools are identified by name. If it returns an error, nothing has changed.
// There must be one call at a time, and none during Drain or Close.
func (svc *Service) Reload(pools []config.Pool) error {
	if err := svc.Follow(); err != nil {
		return err
	}
	known, gone := svc.drained.Of(pools)
	if err := svc.awaitCopies(pools); err != nil {
		return err
	}
	pools = known.Apply(pools, svc.cfgs, time.Now().Unix())
	if err := svc.goOver(pools); err != nil {
		return err
	}
	if err := svc.change(pools); err != nil {
		return err
	}
	if len(gone) > 0 {
		svc.keepDrained(known)
	}
	svc.shared.Registry.Events().Note(stats.Event{What: "pools reloaded"})
	return nil
}

// Relisten binds anew the unix sockets whose files are gone. It returns how many those are.
func (svc *Service) Relisten() (bound int, err error) {
	if !slices.ContainsFunc(svc.listeners, func(ln *listener) bool { return ln.file.Lost() }) {
		return 0, nil
	}
	if err := svc.Follow(); err != nil {
		return 0, err
	}
	r := &reload{svc: svc, after: svc.cfgs}
	if err := r.listen(); err != nil {
		r.undo()
		return 0, err
	}
	bound = len(r.bound)
	release := svc.stopTheWorld()
	r.replaceListeners()
	release()
	return bound, nil
}

// goOver has the fleet place keys as pools say. After an error nothing has changed.
func (svc *Service) goOver(pools []config.Pool) error {
	if svc.member == nil {
		return nil
	}
	t, err := svc.member.Plan(svc.cfgs, pools)
	if t == nil || err != nil {
		return err
	}
	r := svc.newReload(pools)
	if err = r.prepare(pools); err != nil {
		r.undo()
		return err
	}
	svc.shared.Files.Add(r.certificates, r.logins) // of pools that it adds
	svc.tls.Add(r.tls)
	svc.turn, svc.bound = t, r.bound
	err = svc.member.GoOver(t, func() { _ = svc.Follow() })
	if wait := svc.Follow(); err == nil {
		err = wait
	}
	if errors.Is(err, owner.ErrOvertaken) {
		return svc.goOver(pools)
	}
	return err
}

// change is Reload for pools in which Drained is complete.
func (svc *Service) change(pools []config.Pool) error {
	r := svc.newReload(pools)
	err := r.planFleet(pools)
	if err == nil {
		err = r.prepare(pools)
	}
	if err != nil {
		r.undo()
		return err
	}
	r.hold()
	err = r.await()
	release := svc.stopTheWorld()
	if err == nil {
		err = r.settleMoves()
	}
	if err != nil {
		r.resume()
		release()
		r.undo()
		return err
	}
	r.apply()
	closing := svc.takeClosing()
	release()
	for _, fd := range closing {
		unix.Close(fd)
	}
	// This runs in the next turn. The end of the turn in which the loops stood still has closed the rest.
	svc.onAll(func(*session.Shard) {})
	for _, p := range r.probers {
		p.Close()
	}
	for _, end := range r.ends {
		end()
	}
	r.changeFleet()
	svc.tellDrained(r.before)
	svc.shared.Servers.Check(pools)
	return nil
}

// ReloadFailed counts a reload that was not carried out. It may be called from any goroutine.
func (svc *Service) ReloadFailed() { svc.reloadErrors.Add(1) }

// prepare does all that may fail.
func (r *reload) prepare(pools []config.Pool) (err error) {
	if len(pools) == 0 {
		return errors.New("there is no pool")
	}
	if r.tls, err = access.ReadClientTLS(r.after); err != nil {
		return err
	}
	if r.logins, err = access.ReadLogins(r.after); err != nil {
		return err
	}
	if r.certificates, err = access.ReadTLS(r.after); err != nil {
		return err
	}
	for i, cfg := range r.after {
		if cfg == nil || r.before[i] == cfg {
			continue
		}
		rings, err := placement.New(cfg)
		if err != nil {
			return fmt.Errorf("pool %q: %w", cfg.Name, err)
		}
		r.rings[i] = rings
		if r.changed(i) {
			if err = r.planMoves(i); err == nil {
				err = r.checkMoves(i)
			}
		}
		if err != nil {
			return fmt.Errorf("pool %q: %w", cfg.Name, err)
		}
	}
	r.lineage = placement.NewLineage(r.before, r.after, r.changed)
	return r.listen()
}

// listen binds the addresses of all pools, except those where clients find a listener.
func (r *reload) listen() error {
	for i, cfg := range r.after {
		if cfg == nil {
			continue
		}
		for _, l := range cfg.Listen {
			if at := listenerAt(r.svc.listeners, l.Address); at != nil && !at.file.Lost() {
				continue
			} else if at != nil && at.foreign {
				return &ListenError{Address: l.Address, Err: service.ErrForeignGone}
			}
			ln, err := r.svc.bind(i, l)
			if err != nil {
				return err
			}
			r.bound = append(r.bound, ln)
		}
	}
	return nil
}

// hold makes sessions of the changed pools wait. The pools that replace them do not.
func (r *reload) hold() {
	r.svc.onAll(func(sh *session.Shard) {
		for i, p := range sh.Pools {
			if p != nil && r.changed(i) {
				p.Hold()
			}
		}
	})
}

// await waits until no request is under way in the changed pools. It also waits, for at most holdTime, until what can
// be repaired at once is repaired, and until servers have answered the requests whose deadline has passed. A server
// that owes answers is taken out of use by the reload, so a short wait is better. It returns an error if the process
// is told to end meanwhile.
func (r *reload) await() error {
	limit := holdTime
	for i, cfg := range r.before {
		if cfg != nil && r.changed(i) {
			limit = max(limit, holdTime+cfg.ConnectTimeout+2*backend.MaxWait(cfg.Timeout))
		}
	}
	for began := time.Now(); time.Since(began) < limit; time.Sleep(holdPoll) {
		late := time.Since(began) > holdTime
		var mu sync.Mutex
		idle := true
		r.svc.onAll(func(sh *session.Shard) {
			mu.Lock()
			defer mu.Unlock()
			for i, p := range sh.Pools {
				idle = idle && (p == nil || !r.changed(i) || p.Idle() && (late || p.Repaired() && p.Answered()))
			}
		})
		if idle {
			return nil
		}
		if r.svc.ending.Err() != nil {
			return service.ErrEnding
		}
	}
	return nil
}

// apply makes the change. The loops stand still.
func (r *reload) apply() {
	svc := r.svc
	svc.reloads++
	svc.cfgs = r.after
	svc.tls.Use(r.tls)
	svc.shared.Files.UseTLS(r.certificates)
	svc.shared.Files.Logins.Use(r.logins)
	for len(svc.group.ByPool) < len(r.after) {
		svc.group.ByPool = append(svc.group.ByPool, new(atomic.Int64))
	}
	r.dismissPools()
	for i := range r.after {
		if !r.changed(i) {
			continue
		}
		r.replacePool(i)
		r.ends = append(r.ends, svc.shared.Servers.Listen(i, r.after[i]))
	}
	r.recordFlushes()
	for n, sh := range svc.shards {
		sh.Replace(r.changes[n]...)
	}
	if svc.member == nil {
		r.ends = append(r.ends, svc.shared.Servers.Prune(r.after))
	}
	r.replaceListeners()
}

// dismissPools ends the pools that are replaced or removed.
func (r *reload) dismissPools() {
	r.left, r.changes = map[int][]*pool.Pool{}, make([][]session.Change, len(r.svc.shards))
	for i, cfg := range r.before {
		if cfg == nil || !r.changed(i) {
			continue
		}
		for _, sh := range r.svc.shards {
			sh.Pools[i].Leave()
			r.left[i] = append(r.left[i], sh.Pools[i])
			sh.Pools[i] = nil
		}
		r.probers = append(r.probers, r.svc.shared.Registry.RemovePool(i))
	}
}

// replacePool puts the new pool i in the place of the old one. There may be only one of the two. Their sessions follow
// later, those of all pools together.
func (r *reload) replacePool(i int) {
	svc := r.svc
	var from []placement.Predecessor
	after := make([]*pool.Pool, len(svc.shards))
	if cfg := r.after[i]; cfg != nil {
		after = svc.addPool(i, cfg, r.rings[i])
		pool.Watch(after)
		from = r.lineage.Of(i)
	}
	for n, sh := range svc.shards {
		if after[n] != nil {
			r.begin(sh, after[n], from)
		}
		if before := r.left[i]; before != nil {
			r.changes[n] = append(r.changes[n], session.Change{Before: before[n], After: after[n]})
		}
	}
}

// begin passes to a new pool what is known of its servers, and has it connect.
func (r *reload) begin(sh *session.Shard, p *pool.Pool, from []placement.Predecessor) {
	r.inherit(sh, p, from)
	if m := r.moves[p.Index]; m != nil {
		p.Migrate(m)
	}
	p.ConnectLater()
	r.svc.askSoon(sh)
}
