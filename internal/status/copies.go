package status

import (
	"fmt"
	"strings"
)

// shares says which parts of the keys have lost copies, a sentence for each pool that has such keys. It is empty if
// all copies are there.
func (r *Report) shares() string {
	var sentences []string
	for i := range r.Pools {
		p, of := &r.Pools[i], "the keys"
		if len(r.Pools) > 1 {
			of += " of " + p.Name
		}
		if p.Lost > 0 {
			sentences = append(sentences, fmt.Sprintf("%s of %s have no copy that can be read.", about(p.Lost), of))
		}
		if p.Single > 0 {
			sentences = append(sentences, fmt.Sprintf("%s of %s can be read from one copy only.", about(p.Single), of))
		}
	}
	if n := len(sentences) - 3; n > 0 {
		sentences = append(sentences[:3], fmt.Sprintf("So it is in other pools (%d more).", n))
	}
	return strings.Join(sentences, " ")
}

// about returns a share in words.
func about(share float64) string {
	switch {
	case share > 0.995:
		return "All"
	case share < 0.01:
		return "Less than 1 %"
	}
	return fmt.Sprintf("About %.0f %%", 100*share)
}

// with appends a sentence to a text.
func (v Verdict) with(sentence string) Verdict {
	if sentence != "" {
		v.Text = strings.TrimSuffix(v.Text, ".") + ". " + sentence
	}
	return v
}

// also says another trouble after the first one. Level "" means that there is nothing to say.
func (v Verdict) also(other Verdict) Verdict {
	switch {
	case v.Level == "":
		return other
	case other.Level == "":
		return v
	}
	return v.with(other.Head + " " + other.Text)
}
