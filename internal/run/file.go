package run

import (
	"errors"
	"fmt"
	"io"

	"magent/backend"
	"magent/internal/config"
	"magent/internal/placement"
)

// Names are the words that flags and files of pools take.
func Names() config.Names {
	return config.Names{Hashes: backend.HashNames(), Distributions: backend.DistributionNames(), Keyless: placement.Keyless}
}

// TellRight says that a file of pools is right, and what may surprise in it.
func TellRight(stderr io.Writer, program, file string, warnings []string) {
	for _, warning := range warnings {
		fmt.Fprintf(stderr, "%s: warning: %s\n", program, warning)
	}
	fmt.Fprintf(stderr, "%s: configuration file '%s' syntax is ok\n", program, file)
}

// TellWrong says what is wrong with a file of pools: each mistake on a line that begins with its place.
func TellWrong(stderr io.Writer, program, file string, err error) {
	mistakes := config.FileErrors{program + ": " + err.Error()} // there is no file
	errors.As(err, &mistakes)
	for _, mistake := range mistakes {
		fmt.Fprintln(stderr, mistake)
	}
	fmt.Fprintf(stderr, "%s: configuration file '%s' syntax is invalid\n", program, file)
}
