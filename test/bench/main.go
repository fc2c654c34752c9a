// Command bench measures magent beside nutcracker (twemproxy), in front of the same memcacheds and at the same time.
// So the ratios are meaningful even on a noisy machine that others use.
//
//	bench run  -magent bin/magent [-rows a,b] [-rounds 5] [-d 3s] [-out file.md] [-smoke]
//	bench outage -magent bin/magent [-keys 200000] [-rate 20000]
//	bench back -magent bin/magent [-rounds 5]
//	bench fleet -magent bin/magent [-rounds 5] [-d 2s] [-base other/magent]
//	bench scale -magent bin/magent [-rounds 5] [-d 2s]
//	bench load -addr 127.0.0.1:11211 -c 50 -p 1 -sets 10 -size 100 -width 1 -d 3s
//
// "run" starts everything it needs on loopback, sends the load with "load" as a subprocess (so that its CPU time is
// not counted), and prints a Markdown report. "outage" measures how fast a server gets its contents back after an
// outage, and how clients are affected (outage.go). "back" measures how long clients get errors when a Redis server
// answers again (back.go). "fleet" measures three magents as a fleet beside a single one (fleet.go). "scale" measures
// many servers, pools and clients beside few (scale.go). "load" alone prints one line of JSON.
//
// Reading order: rows.go (what is measured), run.go and round.go (how), report.go (what comes out);
// for the load generator workload.go, request.go, checker.go, worker.go, load.go.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := dispatch(ctx, os.Args[1:])
	cancel()
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
	default:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func dispatch(ctx context.Context, args []string) error {
	if len(args) > 0 {
		switch args[0] {
		case "load":
			return loadCommand(ctx, args[1:], os.Stdout)
		case "run":
			return runCommand(ctx, args[1:], os.Stdout)
		case "fleet":
			return fleetCommand(ctx, args[1:], os.Stdout)
		case "scale":
			return scaleCommand(ctx, args[1:], os.Stdout)
		case "back":
			return backCommand(ctx, args[1:], os.Stdout)
		case "outage":
			return outageCommand(ctx, args[1:], os.Stdout)
		}
	}
	return errors.New(
		"say what to do: `bench run -h` for the comparison, `bench outage -h` for what a server gets back, `bench " +
			"back -h` for how soon a Redis server is used again, `bench fleet -h` for what a fleet costs, `bench " +
			"scale -h` for what many servers, pools and clients cost, `bench load -h` for the load generator")
}
