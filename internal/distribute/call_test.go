package distribute

import "testing"

// A command that a server may have carried out is never sent to another server.
func TestElsewhere(t *testing.T) {
	for p := planCommand; p <= planScan; p++ {
		if e := p.elsewhere(); e.Allows(true) || e.Allows(false) != (p == planSeek) {
			t.Errorf("plan %d: sent %v, unsent %v", p, e.Allows(true), e.Allows(false))
		}
	}
}
