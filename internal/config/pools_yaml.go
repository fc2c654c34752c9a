package config

import (
	"bytes"
	"unicode/utf8"

	yaml "go.yaml.in/yaml/v4"
)

// rawPool is a pool as written in the file: its name, and its keys and values alternately.
type rawPool struct {
	name    *yaml.Node
	entries []*yaml.Node
}

const example = "write the name of a pool and, indented below it, listen: and servers:"

// parse parses the subset of YAML that twemproxy accepts: one document, block style, no tags, no anchors. Scalars
// keep the text that was written, whatever type YAML gives them.
func (f *file) parse(text []byte) []rawPool {
	if !f.readable(text) {
		return nil
	}
	var document yaml.Node
	if err := yaml.Load(text, &document); err != nil {
		f.syntax(err, text)
		return nil
	}
	root := document.Content[0]
	if !f.plain(root) {
		return nil
	}
	if root.Kind != yaml.MappingNode {
		f.fail(root, "found %s, but a file is a list of pools by name: %s", kindOf(root), example)
		return nil
	}
	var pools []rawPool
	for i := 0; i < len(root.Content); i += 2 {
		name, value := root.Content[i], root.Content[i+1]
		switch {
		case name.Kind != yaml.ScalarNode:
			f.fail(name, "found %s in the place of a pool's name: %s", kindOf(name), example)
		case value.Kind != yaml.MappingNode:
			f.fail(value, "pool %q has no keys: write at least listen: and servers: below it, indented", name.Value)
		default:
			pools = append(pools, rawPool{name, value.Content})
		}
	}
	return pools
}

// readable finds errors for which the parser does not give the place.
func (f *file) readable(text []byte) bool {
	empty, number := true, 0
	for line := range bytes.Lines(text) {
		number++
		line = bytes.TrimRight(line, "\r\n")
		f.readableLine(number, line)
		line = bytes.TrimLeft(bytes.TrimPrefix(line, []byte("\ufeff")), " \t")
		empty = empty && (len(line) == 0 || line[0] == '#')
	}
	if empty {
		f.fail(&yaml.Node{Line: 1, Column: 1}, "found no pool: %s", example)
	}
	return len(f.errors) == 0
}

func (f *file) readableLine(number int, line []byte) {
	at := &yaml.Node{Line: number, Column: 1}
	word := line
	if blank := bytes.IndexAny(line, " \t"); blank >= 0 {
		word = line[:blank]
	}
	switch column := badByte(line); {
	case column > 0:
		at.Column = column
		f.fail(at, "found bytes that are not UTF-8: save the file as UTF-8")
	case string(word) == "---" || string(word) == "...":
		f.fail(at, "found %q, but a file is one document without markers: leave the line out", word)
	case bytes.HasPrefix(line, []byte("%")):
		f.fail(at, "found the YAML directive %q: leave the line out", word)
	}
}

// badByte returns the column of the first byte that is not UTF-8, or 0.
func badByte(line []byte) int {
	for column := 1; len(line) > 0; column++ {
		r, size := utf8.DecodeRune(line)
		if r == utf8.RuneError && size == 1 {
			return column
		}
		line = line[size:]
	}
	return 0
}

// plain refuses everything below n that twemproxy's parser refuses.
func (f *file) plain(n *yaml.Node) bool {
	before := len(f.errors)
	switch {
	case n.Kind == yaml.AliasNode:
		f.fail(n, "found the alias *%s: write the value itself", n.Value)
		return false
	case n.Anchor != "":
		f.fail(n, "found the anchor &%s: anchors are not supported: write the value wherever it is needed", n.Anchor)
	case n.Style&yaml.TaggedStyle != 0:
		f.fail(n, "found the tag %s: leave it out, values are taken as they are written", n.Tag)
	case n.Style&yaml.FlowStyle != 0 && n.Kind == yaml.MappingNode:
		f.fail(n, "found a map in braces: write one \"key: value\" per line, or put a value such as \"{}\" in quotes")
	case n.Style&yaml.FlowStyle != 0:
		f.fail(n, "found a list in brackets: write one \"- value\" per line, "+
			"or put a value such as \"[::1]:11211\" in quotes")
	}
	for _, child := range n.Content {
		f.plain(child)
	}
	return len(f.errors) == before
}

// kindOf describes a node that was found in the wrong place.
func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a map"
	case yaml.SequenceNode:
		return "a list"
	}
	return "the value " + quote(n.Value)
}
