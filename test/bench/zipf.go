package main

import "math"

// zipfExponent is that of YCSB: the key of rank r is asked for in proportion to 1/r^0.99.
const zipfExponent = 0.99

// zipf draws ranks from 0 on by the algorithm of Gray et al. (Quickly Generating Billion-Record Synthetic Databases,
// 1994), which YCSB uses as well.
type zipf struct {
	n                 float64
	alpha, zeta2, eta float64
	zeta              float64
}

func newZipf(n int) zipf {
	z := zipf{n: float64(n), alpha: 1 / (1 - zipfExponent)}
	for i := range n {
		z.zeta += math.Pow(float64(i+1), -zipfExponent)
		if i == 1 {
			z.zeta2 = z.zeta
		}
	}
	z.eta = (1 - math.Pow(2/z.n, 1-zipfExponent)) / (1 - z.zeta2/z.zeta)
	return z
}

// rank returns the rank for u, a random number from 0 to 1.
func (z *zipf) rank(u float64) int32 {
	switch uz := u * z.zeta; {
	case uz < 1:
		return 0
	case uz < 1+math.Pow(0.5, zipfExponent):
		return 1
	}
	return int32(min(z.n-1, z.n*math.Pow(z.eta*u-z.eta+1, z.alpha)))
}
