package arch

import (
	"strings"
	"testing"
)

// levels: a package may import ours only from levels below its own. What is not there yet costs nothing.
var levels = map[string]int{
	"ascii": 0, "resp": 0, "internal/loop": 0, "internal/stats": 0, "internal/config": 0, "internal/service": 0,
	"internal/fault": 0, "internal/journal": 0, "internal/pause": 0, "internal/admin": 0, "internal/health": 0, "internal/redis/redistest": 0,
	"backend": 1, "internal/metadump": 1, "internal/metrics": 1, "internal/redis": 1, "internal/status": 2, "internal/verify": 2, "failover": 2, "internal/probe": 2, "replicate": 3,

	"internal/fleet/view": 0, "internal/fleet/lease": 1, "internal/fleet/core": 2, "internal/fleet/wal": 3, "internal/fleet/simulation": 4,

	"internal/shard": 4, "internal/run": 5, "cmd": 6, "deploy/release": 6,
}

// levelOf finds the level of a folder; every command is at the top.
func levelOf(folder string) (int, bool) {
	if strings.HasPrefix(folder, "cmd/") {
		folder = "cmd"
	}
	level, ok := levels[folder]
	return level, ok
}

// ours cuts the module's path off an import.
func ours(path string) (folder string, ok bool) { return strings.CutPrefix(path, module+"/") }

func TestImportsGoOneWay(t *testing.T) {
	s := readSource(t)
	s.all(func(f *file) {
		if isBlackBox(f.folder) {
			return
		}
		level, ok := levelOf(f.folder)
		if !ok {
			t.Errorf("%s/%s: the folder has no level: add it to levels, and to ARCHITECTURE.md", f.folder, f.name)
			return
		}
		for _, path := range f.imports() {
			folder, ok := ours(path)
			if !ok {
				continue
			}
			if other, ok := levelOf(folder); !ok || other >= level {
				t.Errorf("%s/%s imports %s, which is not below it", f.folder, f.name, path)
			}
		}
	})
}

// TestConfigStaysOutside: packages take options of their own; only the wiring knows the configuration.
func TestConfigStaysOutside(t *testing.T) {
	s := readSource(t)
	s.all(func(f *file) {
		if strings.HasPrefix(f.folder, "cmd/") || f.folder == "internal/shard" || f.folder == "internal/run" {
			return
		}
		for _, path := range f.imports() {
			if path == module+"/internal/config" {
				t.Errorf("%s/%s imports %s", f.folder, f.name, path)
			}
		}
	})
}

// TestBlackBox: what is below test/ sees the proxy as its clients do.
func TestBlackBox(t *testing.T) {
	s := readSource(t)
	s.all(func(f *file) {
		if !isBlackBox(f.folder) {
			return
		}
		for _, path := range f.imports() {
			if folder, ok := ours(path); ok && !isBlackBox(folder) {
				t.Errorf("%s/%s imports %s", f.folder, f.name, path)
			}
		}
	})
}

func isBlackBox(folder string) bool { return folder == "test" || strings.HasPrefix(folder, "test/") }
