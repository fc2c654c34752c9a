package run

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"magent/internal/control"
	"magent/internal/maintenance"
	"magent/internal/service"
)

// Two members that pass a command on to each other would wait for each other: one that carries out an operator's
// command refuses others.
func TestMemberIsBusy(t *testing.T) {
	m := &maintainer{tasks: make(chan control.Task)} // nobody takes one
	end := m.begin()
	if a := m.answer(t.Context(), maintenance.Question{}); !strings.Contains(a.Refused, "another command") {
		t.Errorf("%+v", a)
	}
	end()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if a := m.answer(ctx, maintenance.Question{}); a.Refused == "" {
		t.Errorf("nobody waits: %+v", a)
	}
}

// What nobody waits for any more is not begun: whoever has asked has taken it back meanwhile.
func TestCommandIsGivenUp(t *testing.T) {
	tasks := make(chan control.Task)
	m := &maintainer{tasks: tasks} // without an engine: it fails if it is asked
	ctx, cancel := context.WithCancel(t.Context())
	answers := make(chan maintenance.Answer, 1)
	go func() { answers <- m.answer(ctx, maintenance.Question{Do: true}) }()
	task := <-tasks
	cancel()
	task(nil)
	if a := <-answers; a.Refused == "" {
		t.Errorf("%+v", a)
	}
}

// A process that is told to end gives up a command that others carry out with it, at once, and says so.
func TestCommandEndsWithTheProcess(t *testing.T) {
	ending, end := context.WithCancel(t.Context())
	m := &maintainer{ending: ending}
	var mu sync.Mutex
	var asked []string
	all := &maintenance.Together{Members: []string{"a", "b"}, Self: "a", Ask: func(
		ctx context.Context, member string, q maintenance.Question,
	) (maintenance.Answer, error) {
		mu.Lock()
		asked = append(asked, fmt.Sprint(member, " ", q.Wishes[0].Order != nil))
		mu.Unlock()
		if member == "b" {
			end()
			<-ctx.Done() // it carries something out for long
			return maintenance.Answer{}, ctx.Err()
		}
		return maintenance.Answer{}, nil
	}}
	wishes := []maintenance.Wish{{Pool: "p", Server: "s", Order: &maintenance.Order{Pool: "p", Server: "s"}}}
	seen := &maintenance.Seen{Answers: map[string]maintenance.Answer{"a": {}, "b": {}}}
	began := time.Now()
	err := m.set(all, seen, maintenance.Question{Wishes: wishes})
	if !errors.Is(err, service.ErrEnding) || time.Since(began) > doTime/2 {
		t.Errorf("%v, after %v", err, time.Since(began))
	}
	if got := fmt.Sprint(asked); got != "[a true b true b false a false]" {
		t.Errorf("it was done, and taken back: %s", got)
	}
	if _, err := m.look(all, wishes); !errors.Is(err, service.ErrEnding) {
		t.Errorf("asked what they know, when the process is told to end: %v", err)
	}
}

// What is no question is refused.
func TestCommandIsNoQuestion(t *testing.T) {
	m := &maintainer{}
	if got := string(m.commanded(t.Context(), "b", []byte("{"))); !strings.Contains(got, "is not understood") {
		t.Error(got)
	}
}
