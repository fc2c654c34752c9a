package main

import (
	"fmt"
	"io"
	"os"
)

const usage = `usage: release licences BINARY                writes the licences of what is in it to stdout
       release image -arch ARCH -version V -time SECONDS -out FOLDER PATH=SOURCE...
                                              writes an image of files: an OCI layout, with what docker load needs
`

func main() {
	if err := execute(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func execute(args []string, stdout io.Writer) error {
	if len(args) == 0 {
		return fmt.Errorf("no command\n%s", usage)
	}
	o, err := parse(args[1:])
	if err != nil {
		return fmt.Errorf("%w\n%s", err, usage)
	}
	switch {
	case args[0] == "image":
		return o.image()
	case args[0] == "licences" && len(o.args) == 1:
		return o.licences(stdout)
	case args[0] == "licences":
		return fmt.Errorf("licences takes one binary\n%s", usage)
	}
	return fmt.Errorf("unknown command %q\n%s", args[0], usage)
}
