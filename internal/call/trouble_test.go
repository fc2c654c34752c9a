package call

import (
	"testing"

	"magent/backend"
)

func TestTroubleBeforeTheFirstConnect(t *testing.T) {
	conn := backend.NewConn(nil, backend.Options{Name: "s:1"}, nil)
	if got := string(AppendTrouble(nil, conn, backend.HasRoom)); got != "s:1: no connection yet" {
		t.Errorf("%q", got)
	}
	compat := &Servers{Options: Options{CompatErrors: true, Conns: []*backend.Conn{conn}}}
	if got := string(compat.AppendTroubleOn(nil, conn, backend.HasRoom)); got != "Connection refused" {
		t.Errorf("%q", got)
	}
}
