package replicate

import (
	"testing"

	"magent/ascii"
	"magent/internal/stats"
)

func TestResultOf(t *testing.T) {
	for _, c := range []struct {
		op   ascii.Op
		r    ascii.Reply
		want stats.Result
	}{
		{ascii.OpGet, ascii.Reply{Kind: ascii.Values, Hits: 1}, stats.Hit},
		{ascii.OpGet, ascii.Reply{Kind: ascii.Values}, stats.Miss},
		{ascii.OpGet, ascii.Reply{Kind: ascii.ServerError}, stats.Error},
		{ascii.OpMetaGet, ascii.Reply{Kind: ascii.MetaVA}, stats.Hit},
		{ascii.OpMetaGet, ascii.Reply{Kind: ascii.MetaHD}, stats.Hit},
		{ascii.OpMetaGet, ascii.Reply{Kind: ascii.MetaEN}, stats.Miss},
		{ascii.OpSet, ascii.Reply{Kind: ascii.Stored}, stats.OK},
		{ascii.OpAdd, ascii.Reply{Kind: ascii.NotStored}, stats.Miss},
		{ascii.OpMetaSet, ascii.Reply{Kind: ascii.MetaHD}, stats.OK},
		{ascii.OpMetaSet, ascii.Reply{Kind: ascii.MetaNS}, stats.Miss},
		{ascii.OpMetaSet, ascii.Reply{Kind: ascii.ClientError}, stats.Error},
		{ascii.OpCAS, ascii.Reply{Kind: ascii.Stored}, stats.Hit},
		{ascii.OpCAS, ascii.Reply{Kind: ascii.Exists}, stats.Miss},
		{ascii.OpDelete, ascii.Reply{Kind: ascii.Deleted}, stats.Hit},
		{ascii.OpDelete, ascii.Reply{Kind: ascii.NotFound}, stats.Miss},
		{ascii.OpMetaDelete, ascii.Reply{Kind: ascii.MetaNF}, stats.Miss},
		{ascii.OpIncr, ascii.Reply{Kind: ascii.Number}, stats.Hit},
		{ascii.OpIncr, ascii.Reply{Kind: ascii.ClientError}, stats.Error},
		{ascii.OpTouch, ascii.Reply{Kind: ascii.Touched}, stats.Hit},
		{ascii.OpMetaArith, ascii.Reply{Kind: ascii.MetaHD}, stats.OK},
		{ascii.OpMetaArith, ascii.Reply{Kind: ascii.MetaNF}, stats.Miss},
		{ascii.OpFlushAll, ascii.Reply{Kind: ascii.OK}, stats.OK},
	} {
		if got := resultOf(c.op, &c.r); got != c.want {
			t.Errorf("%d answered with %d: %v, want %v", c.op, c.r.Kind, got, c.want)
		}
	}
}

// Every group of commands has a command, except Other.
func TestCommandOf(t *testing.T) {
	seen := map[stats.Command]bool{}
	for op := range ascii.NumOps {
		seen[commandOf(op)] = true
	}
	if len(seen) != int(stats.NumCommands)-1 || seen[stats.Redis] {
		t.Errorf("groups: %v", seen)
	}
}
