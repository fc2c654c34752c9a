package behaviour

import (
	"strings"
	"testing"
)

func TestStorage(t *testing.T) {
	targets := startTargets(t)
	for _, s := range storageScripts {
		t.Run(s.name, func(t *testing.T) { agree(t, targets, s) })
	}
}

var (
	key250 = strings.Repeat("k", 250)
	key251 = strings.Repeat("k", 251)
)

var storageScripts = []script{
	{name: "set and get", steps: []string{
		"set a 0 0 5\r\nhello\r\n", "get a\r\n", "set a 7 0 0\r\n\r\n", "get a\r\n", "gets a\r\n",
		"set a 0 0 8\r\n\r\nEND\r\n\x00\r\n", "get a\r\n", "set a 0 0 5 word\r\nhello\r\n", "get a\r\n",
	}},
	{name: "add and replace", steps: []string{
		"add b 1 0 1\r\n1\r\n", "add b 2 0 1\r\n2\r\n", "get b\r\n", "replace b 3 0 1\r\n3\r\n", "get b\r\n",
		"replace nob 0 0 1\r\n1\r\n", "get nob\r\n", "delete b\r\n", "replace b 0 0 1\r\n1\r\n", "add b 0 0 1\r\n4\r\n", "get b\r\n",
	}},
	{name: "append and prepend", steps: []string{
		"append c 0 0 1\r\nx\r\n", "prepend c 0 0 1\r\nx\r\n", "set c 9 0 1\r\nm\r\n", "append c 5 100 2\r\nzz\r\n",
		"prepend c 6 0 2\r\naa\r\n", "get c\r\n", "append c 0 0 0\r\n\r\n", "get c\r\n",
	}},
	{name: "cas", steps: []string{
		"cas d 0 0 1 1\r\nx\r\n", "set d 4 0 1\r\n1\r\n", "gets d\r\n", "cas d 5 0 1 {cas 1}\r\n2\r\n", "cas d 6 0 1 {cas 1}\r\n3\r\n",
		"gets d\r\n", "cas d 0 0 2 {cas 2}\r\n44\r\n", "get d\r\n", "delete d\r\n", "cas d 0 0 1 {cas 2}\r\nx\r\n", "get d\r\n",
		"cas d 0 0 1 18446744073709551615\r\nx\r\n", "cas d 0 0 1 0\r\nx\r\n", "get d\r\n",
	}},
	{name: "cas tokens change with each change", steps: []string{
		"set cc 0 0 1\r\n1\r\n", "gets cc\r\n", "append cc 0 0 1\r\n2\r\n", "gets cc\r\n", "incr cc 1\r\n", "gets cc\r\n",
		"touch cc 1000\r\n", "gets cc\r\n", "add cc 0 0 1\r\nx\r\n", "gets cc\r\n", "replace cc 0 0 1\r\n5\r\n", "gets cc\r\n",
		"cas cc 0 0 1 {cas 1}\r\nx\r\n", "cas cc 0 0 1 {cas 4}\r\ny\r\n", "gets cc\r\n", "get cc\r\n",
	}},
	{name: "noreply", steps: []string{
		"set e 1 0 1 noreply\r\n1\r\nget e\r\n", "add e 0 0 1 noreply\r\n2\r\nget e\r\n", "replace e 2 0 1 noreply\r\n3\r\nget e\r\n",
		"append e 0 0 1 noreply\r\n4\r\nget e\r\n", "prepend e 0 0 1 noreply\r\n5\r\nget e\r\n", "gets e\r\n",
		"cas e 3 0 2 {cas 1} noreply\r\n66\r\nget e\r\n", "cas e 4 0 1 {cas 1} noreply\r\n7\r\nget e\r\n",
		"incr e 4 noreply\r\nget e\r\n", "decr e 1 noreply\r\nget e\r\n", "touch e 1000 noreply\r\nget e\r\n",
		"delete e noreply\r\nget e\r\n", "delete e noreply\r\nincr e 1 noreply\r\ntouch e 1 noreply\r\nget e\r\n",
		"verbosity 1 noreply\r\nget e\r\n", "delete e 0 noreply\r\nget e\r\n",
	}},
	{name: "noreply with errors", steps: []string{
		"incr f x noreply\r\nget f\r\n", "set f 0 0 1 noreply\r\nx\r\nincr f 1 noreply\r\nget f\r\n",
		"delete f 5 noreply\r\nget f\r\n", "touch f x noreply\r\nget f\r\n", "set f 0 0 1 NOREPLY\r\ny\r\nget f\r\n",
	}},
	{name: "flags", steps: []string{
		"set g 4294967295 0 1\r\nx\r\n", "get g\r\n", "set g +3 0 1\r\n1\r\nget g\r\n",
		"set g 007 0 1\r\n1\r\nget g\r\n", "get g\r\n",
	}},
	{name: "exptime", steps: []string{
		"set h 0 -1 1\r\nx\r\n", "get h\r\n", "set h 0 1000 1\r\nx\r\n", "mg h t v\r\n", "set h 0 0 1\r\nx\r\n", "mg h t\r\n",
		"set h 0 2592001 1\r\nx\r\n", "get h\r\n", "set h 0 99999999999 1\r\nx\r\n", "set h 0 +5 1\r\n1\r\n",
		"set h 0 0 1\r\nx\r\n", "add h 0 -1 1\r\nx\r\n", "replace h 0 -1 1\r\ny\r\n", "get h\r\n", "add h 0 1000 1\r\nz\r\n", "mg h t v\r\n",
	}},
	{name: "keys of 250 and 251 bytes", steps: []string{
		"set " + key250 + " 0 0 1\r\nx\r\n", "get " + key250 + "\r\n", "incr " + key250 + " 1\r\n", "touch " + key250 + " 0\r\n", "delete " + key250 + "\r\n",
		"get " + key251 + "\r\n", "get a " + key251 + "\r\n", "gets " + key251 + " a\r\n", "incr " + key251 + " 1\r\n", "decr " + key251 + " 1\r\n",
		"delete " + key251 + "\r\n", "touch " + key251 + " 0\r\n", "gat 0 " + key251 + "\r\n",
	}},
	{name: "lengths", steps: []string{"set j 0 0 +1\r\n1\r\n", "set j 0 0 01\r\n1\r\n", "set j 0 0 0000000000000000000000000000001\r\n2\r\n", "get j\r\n"}},
}
