package maintenance

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
)

// Whoever drains a server asks all members of a fleet first what they know (Look), and then has one after the other do
// it (Set). If one of them does not, all are told that nothing has changed. One magent alone is the only member.

// Together are the members that are asked.
type Together struct {
	Members []string // in the order in which they do something
	Self    string   // among them; empty: there are no others
	Ask     func(ctx context.Context, member string, q Question) (Answer, error)
}

// Look asks all members at a time what they know of the servers of wishes. An error is a refusal.
func (t *Together) Look(ctx context.Context, wishes []Wish) (*Seen, error) {
	seen := &Seen{Answers: map[string]Answer{}}
	answers, failed := make([]Answer, len(t.Members)), make([]error, len(t.Members))
	var others sync.WaitGroup
	for i, m := range t.Members {
		if m != t.Self {
			others.Go(func() { t.look(ctx, m, wishes, &answers[i], &failed[i]) })
		}
	}
	for i, m := range t.Members {
		if m == t.Self {
			t.look(ctx, m, wishes, &answers[i], &failed[i])
		}
	}
	others.Wait()
	for i, m := range t.Members {
		switch {
		case failed[i] != nil:
			seen.Absent = append(seen.Absent, fmt.Errorf("member %s cannot be asked: %w", m, failed[i]))
		case answers[i].Refused != "":
			return nil, t.refusal(m, answers[i])
		default:
			seen.Answers[m] = answers[i]
		}
	}
	return seen, nil
}

// look asks one member.
func (t *Together) look(ctx context.Context, member string, wishes []Wish, answer *Answer, failed *error) {
	*answer, *failed = t.Ask(ctx, member, Question{Wishes: wishes})
}

func (t *Together) refusal(member string, a Answer) error {
	if t.Self == "" {
		return errors.New(a.Refused)
	}
	return fmt.Errorf("member %s: %s", member, a.Refused)
}

// Set has all members that were seen carry wishes out. After an error nothing is left of them, as far as the error
// does not say otherwise. undo is for taking them back. now is in milliseconds since 1970.
func (t *Together) Set(ctx, undo context.Context, seen *Seen, q Question, now int64) error {
	q.Do = true
	var back []Wish
	q.Wishes, back = seen.commands(q.Wishes, now)
	begun := false
	for _, m := range t.Members {
		if _, there := seen.Answers[m]; !there {
			continue
		}
		a, err := t.Ask(ctx, m, q)
		switch {
		case err != nil: // it may have done it
			begun, err = true, fmt.Errorf("member %s has not answered whether it is done: %w", m, err)
		case a.Refused != "":
			err = t.refusal(m, a)
		default:
			begun = true
		}
		if err != nil && begun && len(back) > 0 {
			return t.takeBack(undo, seen, back, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// takeBack undoes what members have done because of err, and adds what is left of it. That is a command of its own,
// for those that have done nothing as well: one that cannot be asked now learns it of them, and they not of that one
// what has been taken back.
func (t *Together) takeBack(ctx context.Context, seen *Seen, back []Wish, err error) error {
	for i := len(t.Members) - 1; i >= 0; i-- {
		m := t.Members[i]
		if _, there := seen.Answers[m]; !there {
			continue
		}
		a, failed := t.Ask(ctx, m, Question{Wishes: back, Do: true, Force: true})
		if failed == nil && a.Refused != "" {
			failed = errors.New(a.Refused)
		}
		if failed != nil {
			err = fmt.Errorf("%w; and member %s has not taken it back yet: %w", err, m, failed)
		}
	}
	return err
}

// Who names the members that were seen, for the end of a sentence; empty: there are no others.
func (t *Together) Who(seen *Seen) string {
	var names []string
	for _, m := range t.Members {
		if _, there := seen.Answers[m]; there {
			names = append(names, m)
		}
	}
	if t.Self == "" {
		return ""
	}
	return ", on " + strings.Join(names, ", ")
}
