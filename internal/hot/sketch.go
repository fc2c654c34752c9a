package hot

// sketch estimates how often keys were asked for of late: a count-min sketch whose counts are halved now and then. It
// overestimates a key that shares both of its counts with others.
type sketch struct {
	counts [2][sketchSize]uint8
	halved int64 // when the counts were halved last
}

const sketchSize = 1 << 16

// add counts a key by its hash, and returns its count. The counts are halved every period.
func (s *sketch) add(hash uint64, now, period int64) uint8 {
	if now-s.halved >= period {
		s.halved = now
		s.halve()
	}
	for _, p := range s.places(hash) {
		if *p < 255 {
			*p++
		}
	}
	return s.of(hash)
}

// places returns where a key is counted.
func (s *sketch) places(hash uint64) [2]*uint8 {
	return [2]*uint8{&s.counts[0][hash>>8%sketchSize], &s.counts[1][hash>>32%sketchSize]}
}

// of returns the count of a key.
func (s *sketch) of(hash uint64) uint8 {
	p := s.places(hash)
	return min(*p[0], *p[1])
}

// forget has a key begin at 0 again.
func (s *sketch) forget(hash uint64) {
	for _, p := range s.places(hash) {
		*p = 0
	}
}

func (s *sketch) halve() {
	for i := range s.counts {
		for j := range s.counts[i] {
			s.counts[i][j] /= 2
		}
	}
}
