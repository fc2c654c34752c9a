package service

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strconv"
	"time"
)

// release is the version. The linker sets it from the tag (deploy/release/version.sh); this
// value is for untagged source.
var release = "1.0.0-dev"

// Release returns the version of the program.
func Release() string { return release }

// Set by the linker in a release: the commit that it is built from, and the commit's time as Unix seconds.
var (
	commit    = ""
	committed = ""
)

// VersionLine returns what -V prints: the release, the commit if it is known, and the compiler.
func VersionLine(program string) string {
	revision := commit
	if info, ok := debug.ReadBuildInfo(); ok && revision == "" {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				revision = s.Value
			}
		}
	}
	if len(revision) >= 12 {
		revision = " " + revision[:12]
	}
	return fmt.Sprintf("%s %s%s %s/%s %s", program, release, revision, runtime.GOOS, runtime.GOARCH, runtime.Version())
}

// Date returns the time of the release's commit, in UTC. It is zero for builds that are not a release.
func Date() time.Time {
	seconds, err := strconv.ParseInt(committed, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}
