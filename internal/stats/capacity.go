package stats

import "fmt"

// Measure sets what each backup needs, from what the primaries of its pool may use. It is to be called when the
// figures of all loops are there.
func (s *Snapshot) Measure() {
	for first := 0; first < len(s.Servers); {
		all := s.ServersOf(s.Servers[first].Pool)
		measure(all)
		first += len(all)
	}
}

// measure does so for the servers of one pool. As long as one of them has not told its limit, nothing is known.
func measure(servers []Server) {
	limits, weights := uint64(0), 0
	for i := range servers {
		switch v := &servers[i]; {
		case v.Stored.At == 0:
			return
		case v.Role == "primary":
			limits += v.Stored.MaxBytes
		case v.Role == "backup":
			weights += v.Weight
		}
	}
	for i := range servers {
		if v := &servers[i]; v.Role == "backup" && weights > 0 {
			v.Needed = uint64(float64(limits) * float64(v.Weight) / float64(weights))
		}
	}
}

// Short says that a backup cannot hold what the primaries can; empty: it can, or that is not known. A hundredth less
// is not worth a word.
func (s *Server) Short() string {
	if s.Needed == 0 || s.Stored.MaxBytes >= s.Needed-s.Needed/100 {
		return ""
	}
	return fmt.Sprintf("backup %s may use %d MB, and its share of what the primaries may use is %d MB",
		s.Called(), s.Stored.MaxBytes>>20, s.Needed>>20)
}
