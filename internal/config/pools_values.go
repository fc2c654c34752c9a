package config

import (
	"fmt"
	"strconv"
	"time"

	yaml "go.yaml.in/yaml/v4"
)

// Values of single keys. As in twemproxy the text counts: "400" in quotes is a number, 0x10 is not,
// and yes is not a boolean.

func (s *section) number(n *yaml.Node, minimum, maximum int, target *int) {
	v, err := parseDigits(n.Value, minimum, maximum)
	if err != nil {
		s.wrong(n, err)
		return
	}
	*target = v
}

func (s *section) milliseconds(n *yaml.Node, minimum int, target *time.Duration) {
	v, err := parseDigits(n.Value, minimum, maxNumber)
	if err != nil {
		s.wrong(n, fmt.Errorf("%w of milliseconds", err))
		return
	}
	*target = time.Duration(v) * time.Millisecond
}

// parseDigits parses a number that consists of digits only.
func parseDigits(text string, minimum, maximum int) (int, error) {
	v, err := strconv.Atoi(text)
	switch {
	case !isDigits(text):
		return 0, fmt.Errorf("%q is not a number: write digits only, for a number from %d to %d",
			text, minimum, maximum)
	case err != nil || v < minimum || v > maximum:
		return 0, fmt.Errorf("%s is out of range: write a number from %d to %d", text, minimum, maximum)
	}
	return v, nil
}

func (s *section) truth(n *yaml.Node, target *bool) {
	switch n.Value {
	case "true", "false":
		*target = n.Value == "true"
	default:
		s.wrong(n, fmt.Errorf("%q is not a boolean: write true or false", n.Value))
	}
}

func (s *section) hash(n *yaml.Node) {
	_, err := ParseChoice(n.Value, s.names.Hashes)
	if err != nil {
		s.wrong(n, err)
	}
	s.pool.Hash = n.Value
}

func (s *section) distribution(n *yaml.Node) {
	_, err := ParseChoice(n.Value, s.names.Distributions)
	if err != nil {
		s.wrong(n, err)
	}
	s.pool.Distribution = n.Value
}

func (s *section) hashTag(n *yaml.Node) {
	tag, err := ParseHashTag(n.Value)
	if err != nil {
		s.wrong(n, err)
	}
	s.pool.HashTag = tag
}

func (s *section) hotCache(n *yaml.Node) {
	size, err := ParseSize(n.Value, MinHotCache, MaxHotCache)
	if err != nil {
		s.wrong(n, err)
	}
	s.pool.HotCache = size
}

// failureLimit turns 0 into 1, which is how twemproxy acts.
func (s *section) failureLimit(n *yaml.Node) {
	s.number(n, 0, maxNumber, &s.pool.ServerFailureLimit)
	s.pool.ServerFailureLimit = max(1, s.pool.ServerFailureLimit)
}

func (s *section) ack(n *yaml.Node) {
	ack, err := ParseAck(n.Value)
	if err != nil {
		s.wrong(n, err)
	}
	s.pool.Ack = ack
}

func (s *section) readFrom(n *yaml.Node) {
	_, err := ParseChoice(n.Value, []string{string(ReadMaster), string(ReadReplica), string(ReadNearest)})
	if err != nil {
		s.wrong(n, err)
	}
	s.pool.ReadFrom = ReadFrom(n.Value)
}
