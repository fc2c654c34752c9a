package service

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// Release is the version of this source.
const Release = "1.0.0-dev"

// VersionLine is what -V prints: the release, the commit it was built from where that is known, and the compiler.
func VersionLine(program string) string {
	revision := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 12 {
				revision = " " + s.Value[:12]
			}
		}
	}
	return fmt.Sprintf("%s %s%s %s/%s %s", program, Release, revision, runtime.GOOS, runtime.GOARCH, runtime.Version())
}
