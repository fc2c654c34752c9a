package owner

import (
	"bytes"

	"magent/internal/config"
	"magent/internal/fleet/plan"
	"magent/internal/fleet/view"
)

// Plan returns what has to change so that keys are placed as the pools of a file say; nil: nothing. had is what the
// file had before, by the indexes of pools. An error says why that cannot be.
func (f *Owner) Plan(had []*config.Pool, file []config.Pool) (*Turn, error) {
	t := &Turn{over: make(chan struct{})}
	n := f.member.Load().View().Change
	var wanted []string
	if n != nil {
		t.asked, t.since, wanted = n.Since, n.Since, view.Split(n.Pools)
	}
	var is []plan.Pool
	at, before := f.wholes()
	for k, i := range at {
		is = append(is, plan.Pool{Index: i, Is: before[k], Had: had[i]})
	}
	change, err := plan.Make(is, decidedTogether(file), wanted, f.o.Fleet.Members)
	switch {
	case err != nil:
		return nil, err
	case n != nil && !bytes.Equal(n.Pools, change.Text):
		return nil, f.otherFile(n, change.Text)
	case bytes.Equal(change.Text, f.placement()):
		return nil, nil
	}
	t.Change = change
	return t, change.MayEver()
}

// otherFile is why this member takes no part in a change that others want.
func (f *Owner) otherFile(n *view.Change, text []byte) error {
	return view.OtherPools("the file of "+f.self(), n.Pools, text)
}

// configs are those of all pools after a change, in the roles that the file of this member has. before are those that
// they had before.
func (f *Owner) configs(t *Turn, before []*config.Pool) []*config.Pool {
	after := make([]*config.Pool, len(before))
	for i, cfg := range before {
		if after[i] = cfg; cfg != nil && cfg.Of != nil {
			after[i] = f.pool(i)
		}
	}
	for _, s := range t.Pools {
		after[s.Index] = s.File
	}
	for _, i := range t.left {
		after[i] = nil
	}
	return after
}
