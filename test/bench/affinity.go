package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// coreSet is a set with one core.
func coreSet(core int) *unix.CPUSet {
	var set unix.CPUSet
	set.Set(core)
	return &set
}

// allowedCores returns the cores on which this process may run.
func allowedCores() (*unix.CPUSet, error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return nil, fmt.Errorf("allowed cores: %w", err)
	}
	return &set, nil
}

// lastCore returns the highest core of set. The first core tends to serve the interrupts.
func lastCore(set *unix.CPUSet) int {
	last := 0
	for core := range 1024 { // the capacity of a CPUSet
		if set.IsSet(core) {
			last = core
		}
	}
	return last
}

// pin keeps all threads of a process (0: this one) on the cores of set. New threads inherit the cores of their parent,
// so the list of threads is read until it has nothing new.
func pin(pid int, set *unix.CPUSet) error {
	dir := "/proc/self/task"
	if pid != 0 {
		dir = fmt.Sprintf("/proc/%d/task", pid)
	}
	pinned := make(map[string]bool)
	for fresh := true; fresh; {
		fresh = false
		threads, err := os.ReadDir(dir)
		if err != nil {
			return fmt.Errorf("pin: %w", err)
		}
		for _, t := range threads {
			if pinned[t.Name()] {
				continue
			}
			fresh, pinned[t.Name()] = true, true
			tid, err := strconv.Atoi(t.Name())
			if err != nil {
				return fmt.Errorf("pin: %w", err)
			}
			if err := unix.SchedSetaffinity(tid, set); err != nil && !errors.Is(err, unix.ESRCH) {
				return fmt.Errorf("pin thread %d of process %d: %w", tid, pid, err)
			}
		}
	}
	return nil
}
