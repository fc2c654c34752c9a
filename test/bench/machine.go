package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// machineFacts are the lines above the tables. Without them, figures cannot be compared later.
func machineFacts(ctx context.Context, o runOptions) ([]string, error) {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return nil, fmt.Errorf("kernel version: %w", err)
	}
	magent := "magent: " + version(ctx, o.magent, "-V")
	if isNutcracker(o.magent) {
		magent = "in magent's place: nutcracker, to show the noise"
	}
	return []string{
		fmt.Sprintf("CPU: %s, %d cores usable, load average %s at the start", processorModel(), runtime.NumCPU(),
			loadAverage()),
		fmt.Sprintf("kernel: %s %s", unix.ByteSliceToString(u.Sysname[:]), unix.ByteSliceToString(u.Release[:])),
		magent,
		"nutcracker: " + version(ctx, "nutcracker", "-V"),
		"memcached: " + version(ctx, "memcached", "-V"),
		"redis: " + version(ctx, "redis-server", "--version"),
		"load generator: " + runtime.Version(),
	}, nil
}

func processorModel() string {
	b, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(b)) {
		if name, model, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(model)
		}
	}
	return runtime.GOARCH
}

func loadAverage() string {
	b, err := os.ReadFile("/proc/loadavg")
	first, _, ok := strings.Cut(string(b), " ")
	if err != nil || !ok {
		return "unknown"
	}
	return first
}

// version returns the first line that a program prints about itself.
func version(ctx context.Context, program string, args ...string) string {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, program, args...).CombinedOutput()
	if line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n"); err == nil && line != "" {
		return line
	}
	return "version unknown"
}
