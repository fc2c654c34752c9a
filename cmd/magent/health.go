package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"magent/cmd/magent/usage"
	"magent/internal/config"
	"magent/internal/control"
	"magent/internal/health"
	"magent/internal/login"
)

// healthCommand is the subcommand that asks a magent whether it can serve.
const healthCommand = "health"

const healthHead = `magent health - ask a magent whether it can serve
usage: magent health [ADDRESS | --admin-socket PATH] [flags]

  magent health 10.0.0.9:12000                               HOST, HOST:PORT, [IPv6]:PORT or /PATH
  magent health 10.0.0.1:12000 --peer 10.0.0.2:12000 --peer 10.0.0.3:12000

  magent health --readyz /run/magent/admin.sock              the address of magent --admin

It asks like a client, for keys that do not exist. With --admin-socket or --readyz it asks for /readyz
instead, which is about all pools of the process. That works even if they accept no more clients.
Without ADDRESS it takes that socket, or the one of the only service on this machine if this user may
use it, else 127.0.0.1:11211.
`

const healthTail = `
exit code 0  it serves; the details are on stdout
          1  it does not; the reason is on stderr
          2  the command line is wrong
`

const defaultProxy = "127.0.0.1:11211"

func newHealthFlags() []cli.Flag {
	flags := ownHealthFlags()
	for _, f := range newFlags() {
		switch usage.LongName(f) {
		case flagAuth:
			auth := f.(*cli.StringFlag)
			auth.Category = topicHealth
			auth.Usage = "`FILE` with the line user:password to say (default: none; who wants one counts as healthy)"
			flags = append(flags, auth)
		case flagTLSCert:
			flags = append(flags, text(topicHealth, flagTLSCert, "", "",
				"`FILE` with the certificate of the proxy: ask by TLS. On another machine it has to show this one"))
		case flagAdminSocket, flagHelp:
			flags = append(flags, f)
		}
	}
	return flags
}

func healthHelpText() string {
	return healthHead + usage.Flags(newHealthFlags(), []string{topicHealth, topicProcess, topicLog}) + healthTail
}

// runHealth is magent health. It returns the exit code.
func runHealth(args []string, _ config.Names, stdout, stderr io.Writer) int {
	o := health.Options{Address: defaultProxy}
	var err error
	named := false
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		o.Address, err = proxyAddress(args[0])
		args, named = args[1:], true
	}
	flags := newHealthFlags()
	plain, wrong := config.NormalizeArgs(argSpecs(flags), args)
	switch {
	case err != nil:
		return fail(stderr, err, exitUsage)
	case wrong != nil:
		return fail(stderr, wrong, exitUsage)
	case slices.Contains(plain.List, "--help=true"):
		io.WriteString(stdout, healthHelpText())
		return 0
	}
	if err := readFlags(flags, plain, func(r *reader) error { return readHealth(r, &o, named) }); err != nil {
		return fail(stderr, err, exitUsage)
	}
	told, err := health.Check(context.Background(), o)
	if err != nil {
		return fail(stderr, err, exitFailed)
	}
	fmt.Fprintf(stdout, "%s: %s\n", program, told)
	return 0
}

func readHealth(r *reader, o *health.Options, named bool) error {
	o.Within, o.Redis = r.duration(flagWithin, time.Millisecond), r.c.Bool(flagRedis)
	if path := r.path(flagAuth); path != "" && !o.Redis {
		users, err := login.Read(path)
		r.fail(flagAuth, config.Unread(err))
		if err == nil {
			o.Login = users.AppendSet(nil)
		}
	}
	// The variables are those of the proxy in the same container. With a port of TLS the other is asked.
	_, typed := r.typed[flagTLSCert]
	apart := !typed && os.Getenv(variable(flagTLSListen)) != ""
	if path := r.path(flagTLSCert); path != "" && !apart {
		var err error
		o.TLS, err = pinned(path, o.Address)
		r.fail(flagTLSCert, err)
	}
	if r.text(flagReadyz) != "" {
		value(r, flagReadyz, config.ParseAdmin, &o.Admin)
		if named || o.Redis {
			r.fail(flagReadyz, errors.New("asks for the whole process: leave the address of the pool and --redis out"))
		}
	}
	switch _, socket := r.typed[flagAdminSocket]; {
	case o.Admin != "":
		r.useless("is for a pool, and --readyz asks for the whole process: leave one of them out", flagAuth,
			flagTLSCert)
		r.useless("and --readyz contradict each other: leave one out", flagAdminSocket)
	case socket:
		if named {
			r.fail(flagAdminSocket, errors.New("asks for the whole process: leave the address of the pool out"))
		}
		r.useless("is for a pool, and --admin-socket asks for the whole process: leave one of them out", flagRedis,
			flagAuth, flagTLSCert)
	case o.Redis:
		r.useless("is for a pool of memcacheds: leave it, or --redis, out", flagAuth)
	}
	if !named && o.Admin == "" && !o.Redis && o.Login == nil && o.TLS == nil && r.err == nil {
		o.Admin = healthSocket(r)
	}
	for _, peer := range r.list(flagPeer) {
		address, err := proxyAddress(peer)
		r.fail(flagPeer, err)
		o.Peers = append(o.Peers, address)
	}
	return r.err
}

// healthSocket returns the socket by which a magent is asked that no address names; "": there is none.
func healthSocket(r *reader) string {
	if r.given(flagAdminSocket) {
		return readSocket(r)
	}
	if path, err := control.Usual(); err == nil && control.Accessible(path) {
		return path
	}
	return ""
}

// proxyAddress parses the address of a proxy, in the form of -s.
func proxyAddress(text string) (string, error) {
	a, err := config.ParseAddress(text)
	if err != nil {
		return "", err
	}
	return a.String(), nil
}
