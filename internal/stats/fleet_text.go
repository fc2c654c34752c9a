package stats

import "cmp"

// AppendFleet appends the reply to `stats fleet`.
func AppendFleet(dst []byte, f *Fleet) []byte {
	w := writer{dst}
	w.str("member", f.Name)
	w.uint("view:generation", f.Generation)
	w.uint("view:epoch", f.Epoch)
	w.str("view:reason", cmp.Or(f.Reason, "-"))
	for _, g := range f.Groups {
		name := "owner:" + g.Name
		if len(f.Groups) == 1 {
			name = "view:owner"
		}
		w.str(name, cmp.Or(g.Owner, "-"))
	}
	for i := range f.Members {
		m := &f.Members[i]
		name := "member:" + m.Name + ":"
		w.str(name+"address", m.Address)
		w.str(name+"state", m.State)
		w.uint(name+"incarnation", m.Incarnation)
		w.num(name+"links", m.Links)
		w.num(name+"witness", flag(m.Witness))
		if m.Trouble != "" {
			w.str(name+"trouble", m.Trouble)
		}
		if m.Refused != "" {
			w.str(name+"refused", m.Refused)
		}
	}
	w.uint("forwarded", f.Forwarded)
	w.num("lease_left_ms", int(f.LeaseLeft.Milliseconds()))
	w.uint("takeovers", f.Takeovers)
	w.uint("records_waiting", f.Records)
	w.uint("clock_backwards", f.Backwards)
	w.num("ready", flag(len(f.Unready()) == 0))
	return w.end()
}
