package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"magent/internal/config"
)

// reader parses values of the command line and the environment. It keeps the first error, with the name of the flag
// or variable as the user wrote it.
type reader struct {
	c     *cli.Context
	typed map[string]string // long name -> the flag as typed; other values are from the environment, or defaults
	err   error
}

func (r *reader) fail(name string, err error) {
	if err == nil || r.err != nil {
		return
	}
	r.err = fmt.Errorf("%s %w", r.label(name), err)
}

// useless refuses flags that were typed and have no effect here. Variables may be there for other commands.
func (r *reader) useless(why string, names ...string) {
	for _, name := range names {
		if _, typed := r.typed[name]; typed {
			r.fail(name, errors.New(why))
		}
	}
}

// label returns the name of a flag or variable as the user wrote it.
func (r *reader) label(name string) string {
	label, typed := r.typed[name]
	switch {
	case typed:
		return label
	case os.Getenv(variable(name)) != "":
		return variable(name)
	}
	return "--" + name
}

// given reports whether a flag was typed or its variable is set. A switch that is off is as good as none.
func (r *reader) given(name string) bool {
	if on, ok := r.c.Value(name).(bool); ok && !on {
		return false
	}
	if _, typed := r.typed[name]; typed {
		return true
	}
	text := strings.TrimSpace(os.Getenv(variable(name)))
	return text != "" && !linkOfKubernetes(name, text)
}

// changes reports whether a flag that is given has another value than it has without that.
func (r *reader) changes(name string) bool {
	usual := r.byDefault(name)
	return r.given(name) && (usual == "" || r.text(name) != usual)
}

// text returns a flag's value. An empty variable counts as unset.
func (r *reader) text(name string) string {
	text := strings.TrimSpace(r.c.String(name))
	if _, typed := r.typed[name]; !typed && (text == "" || linkOfKubernetes(name, text)) {
		return r.byDefault(name)
	}
	return text
}

// linkOfKubernetes recognizes what Kubernetes puts into MAGENT_PORT if there is a Service named "magent".
func linkOfKubernetes(name, text string) bool {
	return name == flagPort && strings.HasPrefix(text, "tcp://")
}

func (r *reader) byDefault(name string) string {
	// New ones, because cli writes the values into its own
	for _, f := range slices.Concat(newFlags(), ownVerifyFlags(), ownHealthFlags()) {
		if s, ok := f.(*cli.StringFlag); ok && s.Name == name {
			return s.Value
		}
	}
	return ""
}

// path returns the name of a file as an absolute path, because a daemon changes its folder.
func (r *reader) path(name string) string {
	text := r.text(name)
	if text == "" {
		return ""
	}
	path, err := filepath.Abs(text)
	r.fail(name, err)
	return path
}

func (r *reader) list(name string) []string {
	values := r.c.StringSlice(name)
	parts := config.SplitList(values)
	if _, typed := r.typed[name]; typed && len(parts) == 0 {
		r.fail(name, fmt.Errorf("%q names nothing: write an address, or leave the flag out",
			strings.Join(values, " ")))
	}
	return parts
}

func (r *reader) addresses(name string) []config.Address {
	var addresses []config.Address
	for _, text := range r.list(name) {
		a, err := config.ParseAddress(text)
		if err != nil {
			r.fail(name, errors.New(strings.TrimPrefix(err.Error(), "server "))) // the flag's name says that already
		}
		addresses = append(addresses, a)
	}
	return addresses
}

func (r *reader) number(name string, minimum, maximum int) int {
	n, err := config.ParseInt(r.text(name), minimum, maximum)
	r.fail(name, err)
	return n
}

func (r *reader) duration(name string, minimum time.Duration) time.Duration {
	d, err := config.ParseDuration(r.text(name), minimum, longestTime)
	r.fail(name, err)
	return d
}

// pool returns the settings for where keys are stored, and the timeouts for servers.
func (r *reader) pool() config.Pool {
	pool := config.Pool{Name: program, Servers: r.addresses(flagServer), Backups: r.addresses(flagBackup)}
	pool.Distribution, pool.Hash = r.placement()
	if r.text(flagHashTag) != "" {
		value(r, flagHashTag, config.ParseHashTag, &pool.HashTag)
	}
	pool.ServerAuthFile = r.path(flagServerAuth)
	r.serverTLS(&pool)
	pool.Timeout = r.duration(flagTimeout, minTime)
	pool.ConnectTimeout = r.duration(flagConnect, minTime)
	return pool
}

// serverTLS reads how servers are spoken to by TLS.
func (r *reader) serverTLS(pool *config.Pool) {
	pool.ServerTLS, pool.ServerTLSName = r.c.Bool(flagServerTLS), r.text(flagServerName)
	pool.ServerTLSCA = r.path(flagServerCA)
	pool.ServerTLSCert, pool.ServerTLSKey = r.path(flagServerCert), r.path(flagServerKey)
	for _, flag := range []string{flagServerCA, flagServerCert, flagServerKey, flagServerName} {
		if r.given(flag) && !pool.ServerTLS {
			r.fail(flag, errors.New("needs --server-tls, which has servers spoken to by TLS"))
		}
	}
	switch {
	case pool.ServerTLS && len(pool.Servers) > 0 && pool.OnlySockets():
		r.fail(flagServerTLS, errors.New("has no effect: unix sockets are not encrypted: leave it out"))
	case pool.ServerTLSCert != "" && pool.ServerTLSKey == "":
		r.fail(flagServerCert, errors.New("needs --server-tls-key FILE, with the key of the certificate in PEM"))
	case pool.ServerTLSKey != "" && pool.ServerTLSCert == "":
		r.fail(flagServerKey, errors.New("needs --server-tls-cert FILE, with the certificate in PEM"))
	}
}

// placement returns --distribution or what -k stands for, and --hash or the default for that distribution.
func (r *reader) placement() (distribution, hash string) {
	distribution, hash = r.text(flagDistribution), r.text(flagHash)
	if r.c.Bool(flagKetama) {
		if r.c.IsSet(flagDistribution) && distribution != magentKetama {
			r.fail(flagKetama, errors.New("means --distribution "+magentKetama+", which contradicts --distribution "+
				""+distribution+": leave one out"))
		}
		distribution = magentKetama
	}
	switch {
	case hash != "":
	case distribution == magentModulo:
		hash = "djb2"
	default:
		hash = "md5"
	}
	return distribution, hash
}

// value parses a flag into target.
func value[T any](r *reader, name string, parse func(string) (T, error), target *T) {
	v, err := parse(r.text(name))
	r.fail(name, err)
	*target = v
}
