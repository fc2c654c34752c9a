package proxy

import (
	"context"
	"errors"
	"testing"
	"time"

	"magent/internal/config"
	"magent/internal/service"
	"magent/internal/session"
)

// A process that is told to end while a reload waits gives the reload up. The requests that it held go on.
func TestReloadIsGivenUpAtTheEnd(t *testing.T) {
	for name, wait := range map[string]func(p *config.Pool){
		"for a request": func(p *config.Pool) { p.ProbeInterval = time.Minute },
		"for the copies of a server": func(p *config.Pool) {
			p.Drained = []config.Drain{{Server: p.Servers[0].String()}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, p, b := pair(t, nil)
			ending, end := context.WithCancel(t.Context())
			r.svc.ending = ending
			c, second := r.client(), r.client()
			c.say("get k\r\n")
			asked := p.want("get k\r\n") // the pool has a timeout of an hour
			if name != "for a request" {
				b.leave()
				r.eventually(0, "the copy is away", func(sh *session.Shard) bool {
					return !sh.Pools[0].Health.Usable(1)
				})
			}
			pools := r.pools()
			wait(&pools[0])
			failed := make(chan error, 1)
			go func() { failed <- r.svc.Reload(pools) }()
			if name == "for a request" {
				r.eventually(0, "it waits", func(sh *session.Shard) bool { return sh.Pools[0].Held })
			}
			second.say("get m\r\n")
			end()
			if err := <-failed; !errors.Is(err, service.ErrEnding) {
				t.Errorf("%v", err)
			}
			asked.answer("END\r\n")
			c.hear("END\r\n")
			p.want("get m\r\n").answer("END\r\n")
			second.hear("END\r\n")
		})
	}
}
