package discover

import (
	"time"

	"github.com/rs/zerolog"

	"magent/internal/access"
	"magent/internal/config"
	"magent/internal/loop"
)

// Options configures Servers.
type Options struct {
	Lookup   LookupFunc    // nil: net.DefaultResolver
	Interval time.Duration // the interval of periodic look-ups; 0: there are none
	Log      zerolog.Logger
	Files    *access.Files // say how Sentinels are spoken to; nil: by plain text

	// Found is called with the present addresses of a server when nobody has asked: after a periodic look-up, or when
	// a Sentinel has announced a new master. It is called by goroutines outside the loops. server is the address as it
	// is configured. askAgain is nil if the server is given by name. Otherwise it makes magent ask the Sentinels once
	// more; it never blocks, and may be called from any goroutine.
	Found func(server string, addrs []loop.Endpoint, askAgain func())
}

// resolverKey identifies a resolver: by the server as it is configured, the timeout of a look-up, and how its
// Sentinels are spoken to.
type resolverKey struct {
	name    string
	timeout time.Duration
	to      access.Dialer // its zero value: it has none
}

func (o *Options) keyOf(a config.Address, cfg *config.Pool) resolverKey {
	key := resolverKey{name: a.String(), timeout: cfg.ConnectTimeout}
	if a.Network == "sentinel" {
		key.to = o.Files.ToSentinels(cfg)
	}
	return key
}
