package run

import (
	"context"
	"strings"
	"testing"

	"magent/internal/control"
	"magent/internal/maintenance"
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

// What is no question is refused.
func TestCommandIsNoQuestion(t *testing.T) {
	m := &maintainer{}
	if got := string(m.commanded(t.Context(), "b", []byte("{"))); !strings.Contains(got, "is not understood") {
		t.Error(got)
	}
}
