package view

import (
	"fmt"
	"slices"
	"strings"
)

// What places the keys of the pools is text, which members say to each other. Each pool has a line that begins with
// PoolLine, and behind it a line for each of its servers, and for each of its backups.
const (
	PoolLine   = "pool "
	ServerLine = "primary "
	BackupLine = "backup "
)

// SamePools reports whether two members may be in one fleet: their pools place keys in the same way, once the roles of
// servers and backups are exchanged where they have to be.
func SamePools(a, b []byte) bool { return neutral(a) == neutral(b) }

// neutral is the same text for pools that differ only in who is a primary and who a backup.
func neutral(pools []byte) string {
	var out strings.Builder
	for _, pool := range Split(pools) {
		out.WriteString(min(pool, Exchanged(pool)))
	}
	return out.String()
}

// Split returns the text of each pool.
func Split(pools []byte) (texts []string) {
	for line := range strings.SplitAfterSeq(string(pools), "\n") {
		if strings.HasPrefix(line, PoolLine) || len(texts) == 0 {
			texts = append(texts, "")
		}
		texts[len(texts)-1] += line
	}
	return texts
}

// Exchanged returns the text of a pool whose primaries are the backups of this one, and the reverse.
func Exchanged(pool string) string {
	var rest, primaries, backups string
	for line := range strings.SplitAfterSeq(pool, "\n") {
		if server, ok := strings.CutPrefix(line, ServerLine); ok {
			backups += BackupLine + server
		} else if server, ok := strings.CutPrefix(line, BackupLine); ok {
			primaries += ServerLine + server
		} else {
			rest += line
		}
	}
	return rest + primaries + backups
}

// OtherPools is why a member cannot join: its pools are not those of the fleet.
func OtherPools(name string, fleet, member []byte) error {
	return fmt.Errorf("%s has other pools: %s", name, differ(fleet, member))
}

// maxNamed is how many lines an error quotes.
const maxNamed = 3

// differ says what a member's pools have that the fleet's do not have, and the reverse.
func differ(fleet, member []byte) string {
	own, missing := onlyIn(member, fleet), onlyIn(fleet, member)
	switch {
	case own == "" && missing == "":
		return "they stand in another order"
	case own == "":
		return "they lack " + missing
	case missing == "":
		return "only they have " + own
	}
	return "only they have " + own + ", and they lack " + missing
}

// onlyIn quotes the lines of a that b does not have.
func onlyIn(a, b []byte) string {
	has := strings.Split(string(b), "\n")
	var lines []string
	for line := range strings.SplitSeq(string(a), "\n") {
		if line != "" && !slices.Contains(has, line) {
			lines = append(lines, fmt.Sprintf("%q", line))
		}
	}
	text := strings.Join(lines[:min(len(lines), maxNamed)], ", ")
	if more := len(lines) - maxNamed; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
