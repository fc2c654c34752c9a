package behaviour

import (
	"slices"
	"strings"
	"testing"

	"magent/test/harness"
)

func TestMeta(t *testing.T) {
	targets := startTargets(t)
	for _, s := range metaScripts {
		t.Run(s.name, func(t *testing.T) {
			if targets.meta == harness.FullMeta {
				if !targets.bareMeta {
					s.steps = slices.DeleteFunc(slices.Clone(s.steps), func(step string) bool { return step == "mg a q\r\n" })
				}
				agree(t, targets, s)
				return
			}
			for _, proxy := range targets.proxies {
				lacks(t, proxy, s)
			}
		})
	}
}

// lacks holds a conversation with a proxy whose servers lack the meta commands: they are refused, with the reason, and what stands in
// their bodies is not carried out.
func lacks(t *testing.T, proxy target, s script) {
	t.Helper()
	refusal := harness.LacksMeta(proxy.server)
	refused := 0
	for i, reply := range hold(t, proxy, s) {
		for line := range strings.Lines(reply) {
			word, _, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
			switch {
			case line == refusal:
				refused++
			case strings.Contains(" HD VA EN NF NS EX ME OK DELETED ", " "+word+" "):
				t.Errorf("%s, %s, step %d %.200q: %q", proxy.name, s.name, i+1, s.steps[i], reply)
			}
		}
	}
	if refused == 0 {
		t.Errorf("%s, %s: nothing was refused", proxy.name, s.name)
	}
}

// YSBiAQ== is the key "a b\x01", a2V5 is "key".
var metaScripts = []script{
	{name: "mg", steps: []string{
		"mg a\r\n", "mg a v\r\n", "mg a v q\r\n", "set a 5 1000 3\r\nabc\r\n", "mg a\r\n", "mg a v\r\n", "mg a s v f t k h\r\n", "mg a k\r\n", "mg a h l t\r\n",
		"mg a O123 v k\r\n", "mg miss O123 k v\r\n", "mg a q v\r\n", "mg a q\r\n", "mg a c\r\n", "mg a s\r\n", "mg a f Oabc t\r\n", "mg a T500 t v\r\n", "mg a t\r\n",
		"mg a v v\r\n", "mg a !\r\n", "mg a O12345678901234567890123456789012345\r\n", "mg\r\n", "mg " + key250 + " v k\r\n", "mg " + key251 + " v\r\n", "mg a T\r\n", "mg a Tx\r\n",
	}},
	{name: "mg vivifies", steps: []string{
		"mg n N1000 v t\r\n", "mg n N1000 v t\r\n", "mg n v\r\n", "ms n 2 T1000\r\nok\r\n", "mg n v N1000\r\n", "mg n v t\r\n", "mg n2 N1000 v k O1 q\r\nmn\r\n",
	}},
	{name: "mg recaches", steps: []string{
		"set r 0 1000 1\r\n1\r\n", "mg r R30 v\r\n", "mg r R2000 v t\r\n", "mg r R2000 v\r\n", "mg r v\r\n", "ms r 1 T2000\r\n2\r\n", "mg r R30 v\r\n",
	}},
	{name: "invalidate and stale", steps: []string{
		"set s 0 1000 1\r\n1\r\n", "mg s c\r\n", "md s I T500\r\n", "mg s v t c\r\n", "mg s v c\r\n", "ms s 1 C{cas 1} I\r\n2\r\n", "mg s v\r\n", "set s 0 0 1\r\n3\r\n", "mg s v\r\n",
	}},
	{name: "ms", steps: []string{
		"ms b 2\r\nhi\r\n", "mg b v f t\r\n", "ms b 3 F7 T1000\r\nabc\r\n", "mg b v f t\r\n", "ms b 1 k O9\r\nx\r\n", "ms b 1 c\r\nx\r\n", "ms b 1 q\r\ny\r\n", "mg b v\r\n",
		"ms b 0\r\n\r\n", "mg b v s\r\n", "ms b 1 T-1\r\nx\r\n", "mg b v\r\n", "ms b 1 !\r\nx\r\n", "ms b 1 F1 F2\r\nx\r\n", "ms b 1 Fx\r\nx\r\n", "ms b 1 Tx\r\nx\r\n", "ms b 1 MX\r\nx\r\n", "mg b v\r\n",
	}},
	{name: "ms modes", steps: []string{
		"ms c 1 MR\r\n1\r\n", "ms c 1 MA\r\n1\r\n", "ms c 1 MP\r\n1\r\n", "ms c 1 ME\r\n1\r\n", "ms c 1 ME\r\n2\r\n", "ms c 1 MA\r\n3\r\n", "ms c 1 MP\r\n4\r\n", "mg c v\r\n",
		"ms c 1 MR\r\n5\r\n", "mg c v\r\n", "ms c 1 MS\r\n6\r\n", "mg c v\r\n", "ms c2 1 MA N1000\r\n7\r\n", "mg c2 v t\r\n", "ms c2 1 MA N500\r\n8\r\n", "mg c2 v t\r\n",
		"ms c3 1 Mappend\r\nx\r\n", "ms c3 1 Madd\r\ny\r\n", "mg c3 v\r\n", "ms c4 1 MP q\r\nx\r\n", "ms c3 1 ME q\r\nx\r\nmn\r\n",
	}},
	{name: "ms with cas", steps: []string{
		"ms d 1 c\r\n1\r\n", "ms d 1 C{cas 1} c\r\n2\r\n", "ms d 1 C{cas 1} c\r\n3\r\n", "mg d v c\r\n", "ms d 1 C{cas 2} q\r\n4\r\n", "mg d v\r\n", "ms d 1 C{cas 2} q\r\n5\r\nmn\r\n",
		"ms nod 1 C5\r\nx\r\n", "ms d 1 Cx\r\nx\r\n", "mg d v\r\n", "ms d 1 C{cas 2} MA\r\n6\r\n", "mg d v\r\n", "mg nod v\r\n",
	}},
	{name: "md", steps: []string{
		"md e\r\n", "md e q\r\nmn\r\n", "set e 0 0 1\r\n1\r\n", "md e\r\n", "mg e v\r\n", "set e 0 0 1\r\n1\r\n", "md e q\r\nmg e v\r\n", "set e 0 0 1\r\n1\r\n", "mg e c\r\n",
		"md e C1\r\n", "md e C1 q\r\nmn\r\n", "md e k O5 C{cas 1}\r\n", "mg e v\r\n", "md e k O5\r\n", "md\r\n", "md e !\r\n", "md " + key251 + "\r\n",
	}},
	{name: "ma", steps: []string{
		"ma f\r\n", "ma f q\r\nmn\r\n", "ma f N1000 J13 v\r\n", "ma f N1000 J13 v t\r\n", "ma f\r\n", "ma f v\r\n", "ma f D10 v\r\n", "ma f MD v\r\n", "ma f MI v\r\n", "ma f Mdecr D5 v\r\n",
		"ma f MD D1000 v\r\n", "ma f D18446744073709551615 v\r\n", "ma f v\r\n", "ma f T500 v t\r\n", "ma f k O7 v\r\n", "ma f c v\r\n", "ma f q\r\nma f q v\r\nmn\r\n",
		"ma f D-1\r\n", "ma f Dx\r\n", "ma f MX\r\n", "ma f !\r\n", "ma\r\n", "ma f C1\r\n", "set f 0 0 1\r\nx\r\n", "ma f\r\n", "ma f N1000 J1\r\n", "ma " + key251 + "\r\n", "get f\r\n",
	}},
	{name: "binary keys", steps: []string{
		"ms YSBiAQ== 2 b\r\nhi\r\n", "mg YSBiAQ== b v k\r\n", "mg YSBiAQ== b k t\r\n", "mg YSBiAQ== v k\r\n", "ma YSBiAQ== b\r\n", "ms YSBiAQ== 1 b k\r\n7\r\n", "ma YSBiAQ== b k v\r\n", "md YSBiAQ== b k q\r\nmg YSBiAQ== b k v\r\n",
		"ms a2V5 2 b\r\nhi\r\n", "get key\r\n", "set key 3 0 1\r\nx\r\n", "mg a2V5 b v f k\r\n", "md a2V5 b\r\n", "get key\r\n", "mg a2V b v\r\n", "mg !!!! b v\r\n", "ms !!!! 1 b\r\nx\r\n", "ma ! b\r\n", "md ! b\r\n", "mg key b v\r\n",
	}},
	{name: "quiet pipelines", steps: []string{
		"ms p1 1 q\r\n1\r\nms p2 1 q\r\n2\r\nmg p1 v q k\r\nmg p0 v q k\r\nmg p2 v q k\r\nmd p1 q\r\nmd p1 q\r\nmg p1 v q\r\nma p2 q\r\nma p0 q\r\nmn\r\n",
		"mg p2 v q O1\r\nmg px v q O2\r\nmg p2 k q O3\r\nmn\r\n", "mn\r\nmn\r\n", "ms p1 1 q MR\r\n1\r\nms p2 1 q ME\r\n2\r\nmn\r\n", "mg p2 q v\r\nget p2\r\nmg p9 q v\r\nget p9\r\nmn\r\n",
	}},
	{name: "mn and me", steps: []string{
		"mn\r\n", "mn x\r\n", "me nokey\r\n", "set m 0 0 1\r\nx\r\n", "me m\r\n", "get m\r\n", "me m\r\n", "set m 0 1000 1\r\nx\r\n", "me m\r\n", "me\r\n", "me " + key251 + "\r\n", "ms YSBiAQ== 2 b\r\nhi\r\n", "me YSBiAQ== b\r\n",
	}},
}
