package service

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strconv"
	"time"
)

// release is the version. The linker sets it, from the tag (deploy/release/version.sh); this is what untagged source says.
var release = "1.0.0-dev"

// Release is the version of the program.
func Release() string { return release }

// What the linker sets in a release: the commit that it is built from, and the time of that in seconds.
var (
	commit    = ""
	committed = ""
)

// VersionLine is what -V prints: the release, the commit it was built from where that is known, and the compiler.
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

// Date is when the commit of this release was made, in UTC; the zero time for what is no release.
func Date() time.Time {
	seconds, err := strconv.ParseInt(committed, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}
