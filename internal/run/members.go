package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"magent/internal/cause"
	"magent/internal/config"
	"magent/internal/control"
	"magent/internal/fleet/link"
	"magent/internal/maintenance"
	"magent/internal/proxy"
	"magent/internal/service"
)

// Limits of a command that all members of a fleet carry out. Who asks waits for a minute (package control).
const (
	lookTime  = 5 * time.Second  // until a member says what it knows
	doTime    = 35 * time.Second // until all have done it
	undoTime  = 10 * time.Second // until those have taken it back that have done it
	endTime   = 2 * time.Second  // likewise, when the process is told to end
	decideFor = 3 * time.Second  // how long an owner is waited for
	lookAgain = 50 * time.Millisecond
)

// maintainer carries out commands about servers: those of operators, and, in a fleet, what other members pass on.
type maintainer struct {
	proxy func() *proxy.Service // when it has been started
	log   zerolog.Logger
	fleet *config.Fleet // nil: there are no others
	tasks chan<- control.Task
	// ending is done when the process is told to end: a command gives up then.
	ending context.Context
	file   bool        // there is a file of pools
	busy   atomic.Bool // an operator's command is being carried out
}

func (m *maintainer) self() string {
	if m.fleet == nil {
		return ""
	}
	return m.fleet.Members[m.fleet.Self].Name
}

func now() int64 { return time.Now().Unix() }

// begin has other members refused from now on, until end is called. They would wait for this one, and it for them.
func (m *maintainer) begin() (end func()) {
	m.busy.Store(true)
	return func() { m.busy.Store(false) }
}

// together are the members that carry a command out. A witness has no servers.
func (m *maintainer) together() *maintenance.Together {
	t := &maintenance.Together{Self: m.self(), Ask: m.ask}
	if m.fleet == nil {
		t.Members = []string{""}
		return t
	}
	for _, member := range m.fleet.Members {
		if !member.Witness {
			t.Members = append(t.Members, member.Name)
		}
	}
	return t
}

// ask asks one member. It is called between signals if that is this process.
func (m *maintainer) ask(ctx context.Context, member string, q maintenance.Question,
) (a maintenance.Answer, err error) {
	if member == m.self() {
		return m.proxy().Maintain(q), nil
	}
	body, err := json.Marshal(q)
	if err != nil {
		return a, err
	}
	answer, err := m.proxy().Command(ctx, member, body)
	switch {
	case errors.Is(err, link.ErrRefused):
		return a, err
	case err != nil:
		return a, cause.Of(err)
	}
	if err := json.Unmarshal(answer, &a); err != nil {
		return maintenance.Answer{}, fmt.Errorf("its answer is not understood: %w", err)
	}
	return a, nil
}

// commanded answers the question of another member. Nobody waits for the answer when ctx is done.
func (m *maintainer) commanded(ctx context.Context, _ string, body []byte) []byte {
	var q maintenance.Question
	var a maintenance.Answer
	if err := json.Unmarshal(body, &q); err != nil {
		a.Refused = fmt.Sprintf("the command is not understood: %v", err)
	} else {
		a = m.answer(ctx, q)
	}
	answer, err := json.Marshal(a)
	if err != nil {
		return nil // which is no answer
	}
	return answer
}

// answer has a question answered between signals, like an operator's command.
func (m *maintainer) answer(ctx context.Context, q maintenance.Question) maintenance.Answer {
	if m.busy.Load() {
		return maintenance.Answer{Refused: "it carries out another command just now: ask again"}
	}
	done := make(chan maintenance.Answer, 1)
	task := func(func() error) {
		if ctx.Err() == nil {
			done <- m.proxy().Maintain(q)
		}
	}
	select {
	case m.tasks <- task:
	case <-ctx.Done():
		return maintenance.Answer{Refused: "it ends"}
	}
	select {
	case a := <-done:
		return a
	case <-ctx.Done():
		return maintenance.Answer{Refused: "it ends"}
	}
}

// readAgain has this process reload between signals, because another member has other pools in its file.
func (m *maintainer) readAgain(ctx context.Context) error {
	if !m.file {
		return errors.New("it was started without -c, so that it has no file to read again")
	}
	done := make(chan error, 1)
	select {
	case m.tasks <- func(reload func() error) { done <- reload() }:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// look asks all members once.
func (m *maintainer) look(all *maintenance.Together, wishes []maintenance.Wish) (*maintenance.Seen, error) {
	ctx, cancel := context.WithTimeout(m.ending, lookTime)
	defer cancel()
	seen, err := all.Look(ctx, wishes)
	if m.ending.Err() != nil {
		return nil, service.ErrEnding // whatever could not be asked
	}
	return seen, err
}
