package ring

import (
	"crypto/md5"
	"encoding/binary"
	"math"
	"slices"
	"strconv"
)

// NewKetama makes twemproxy's ketama ring, which is libmemcached's KETAMA_WEIGHTED. A server of average weight gets
// 160 points, or fewer where float32 rounds down. Weights and their average are those of the live members, so an
// ejection changes the number of points of the others as well. A weight below about 1/40 of the average gives no
// point, and therefore no key. For live see New. Among equal points the member that twemproxy sorts first wins.
func NewKetama(members []Member, live []bool) *Ring {
	return ketama(members, liveByName(members, live), ketamaDigests)
}

// NewMagentKetama makes the ring of magent 0.5 -k. It is meant for the hash md5 and for names of the form ip-port. A
// server gets 2000 points. magent 0.5 has no weights; here they act as in NewKetama. It never takes a dead server out
// of its ring, so pass a nil live list to place keys as it does.
func NewMagentKetama(members []Member, live []bool) *Ring {
	return ketama(members, liveOrder(members, live), magentDigests)
}

// ketamaDigests returns how many digests, of four points each, twemproxy gives a server. share is its share
// of the total weight, n the number of servers. Each step rounds to float32 as in C: for 25 equal servers
// the result is 39, not 40.
func ketamaDigests(share, n float32) int {
	scaled := float32(float32(float32(share*160)/4) * n)
	return int(math.Floor(float64(float32(float64(scaled) + 1e-10))))
}

// magentDigests returns the same for magent 0.5: 500, or 499 where the steps round down, as with 47 or 59 servers.
func magentDigests(share, n float32) int {
	return int(math.Floor(float64(float32(float32(share*500) * n))))
}

// ketama makes the ring of the members in order. The digests of a member are the MD5 of its name, '-' and a number.
func ketama(members []Member, order []int, digests func(share, n float32) int) *Ring {
	total := 0
	for _, i := range order {
		total += members[i].Weight
	}
	// A key is the value of a point, then the position of its owner in order, so that equal values stay in order
	var keys []uint64
	var text []byte
	for place, i := range order {
		share := float32(members[i].Weight) / float32(total)
		text = append(append(text[:0], members[i].Name...), '-')
		prefix := len(text)
		for number := range digests(share, float32(len(order))) {
			text = strconv.AppendInt(text[:prefix], int64(number), 10)
			digest := md5.Sum(text)
			for at := 0; at < md5.Size; at += 4 {
				value := binary.LittleEndian.Uint32(digest[at:])
				keys = append(keys, uint64(value)<<32|uint64(place))
			}
		}
	}
	slices.Sort(keys)
	points := make([]point, len(keys))
	for i, key := range keys {
		points[i] = point{value: uint32(key >> 32), owner: int32(order[uint32(key)])}
	}
	return newRing(points, 0, len(members))
}
