package main

import (
	"flag"
	"io"
	"time"
)

// options are the flags of all commands.
type options struct {
	version, arch, out string
	time               time.Time
	args               []string
}

func parse(args []string) (*options, error) {
	o := &options{}
	set := flag.NewFlagSet("release", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.StringVar(&o.version, "version", "", "")
	set.StringVar(&o.arch, "arch", "", "")
	set.StringVar(&o.out, "out", "", "")
	seconds := set.Int64("time", 0, "")
	err := set.Parse(args)
	o.time, o.args = time.Unix(*seconds, 0).UTC(), set.Args()
	return o, err
}
