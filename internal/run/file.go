package run

import (
	"errors"
	"fmt"
	"io"

	"magent/backend/ring"
	"magent/internal/config"
	"magent/internal/placement"
	"magent/internal/proxy"
)

// Names returns the names of hashes and distributions that flags and files may contain.
func Names() config.Names {
	return config.Names{
		Hashes: ring.HashNames(), Distributions: ring.DistributionNames(), Keyless: placement.Keyless,
	}
}

// TellRight reports that a file of pools is correct, and prints warnings about it.
func TellRight(stderr io.Writer, program, file string, warnings []string) {
	TellWarnings(stderr, program, warnings)
	fmt.Fprintf(stderr, "%s: configuration file '%s' syntax is ok\n", program, file)
}

// TellWarnings prints warnings where no log does, each on a line.
func TellWarnings(stderr io.Writer, program string, warnings []string) {
	for _, warning := range warnings {
		fmt.Fprintf(stderr, "%s: warning: %s\n", program, warning)
	}
}

// TellWrong reports the errors in a file of pools: each on a line that begins with file:line:column.
func TellWrong(stderr io.Writer, program, file string, err error) {
	mistakes := config.FileErrors{program + ": " + err.Error()} // if the file could not be read
	errors.As(err, &mistakes)
	for _, mistake := range mistakes {
		fmt.Fprintln(stderr, mistake)
	}
	fmt.Fprintf(stderr, "%s: configuration file '%s' syntax is invalid\n", program, file)
}

// Check tells what checking a file of pools has found: whether the files that it names can be used. It reports whether
// all is right.
func Check(stderr io.Writer, program, file string, pools []config.Pool, warnings []string) bool {
	wrong := proxy.CheckFiles(pools)
	for _, err := range wrong {
		fmt.Fprintf(stderr, "%s: %v\n", program, err)
	}
	if len(wrong) > 0 {
		fmt.Fprintf(stderr, "%s: configuration file '%s' names files that cannot be used\n", program, file)
		return false
	}
	TellRight(stderr, program, file, warnings)
	return true
}
