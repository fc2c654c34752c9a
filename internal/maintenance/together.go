package maintenance

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
)

// Whoever drains a server asks all members of a fleet first what they know (Look), and then has one after the other do
// it (Set). If one of them does not, those before it take it back. One magent alone is the only member.

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
// does not say otherwise. undo is for taking them back.
func (t *Together) Set(ctx, undo context.Context, seen *Seen, q Question) error {
	q.Do = true
	var done []string
	back := map[string][]Wish{}
	for _, m := range t.Members {
		if _, there := seen.Answers[m]; !there {
			continue
		}
		a, err := t.Ask(ctx, m, q)
		switch {
		case err != nil: // it may have done it
			err = fmt.Errorf("member %s has not answered whether it is done: %w", m, err)
			back[m] = seen.back(m, q.Wishes)
		case a.Refused != "":
			err = t.refusal(m, a)
		default:
			back[m] = a.Back
		}
		if len(back[m]) > 0 {
			done = append(done, m)
		}
		if err != nil {
			return t.takeBack(undo, done, back, err)
		}
	}
	return nil
}

// takeBack undoes what members have done because of err, and adds what is left of it.
func (t *Together) takeBack(ctx context.Context, done []string, back map[string][]Wish, err error) error {
	for i := len(done) - 1; i >= 0; i-- {
		m := done[i]
		a, failed := t.Ask(ctx, m, Question{Wishes: back[m], Do: true, Force: true})
		if failed == nil && a.Refused != "" {
			failed = errors.New(a.Refused)
		}
		if failed != nil {
			err = fmt.Errorf("%w; and member %s has not taken it back: %w: repeat the command when it is there", err,
				m, failed)
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
