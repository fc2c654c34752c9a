package health

import (
	"context"
	"errors"
	"syscall"
)

// reachable reports whether at least one peer can be reached. A peer that refuses the connection is reachable.
func reachable(ctx context.Context, peers []string) bool {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	found := make(chan bool, len(peers))
	for _, peer := range peers {
		go knock(ctx, peer, found)
	}
	one := false
	for range peers {
		if <-found {
			one = true
			cancel() // stop the other attempts
		}
	}
	return one
}

// knock tries to connect to peer and sends to found whether it is reachable.
func knock(ctx context.Context, peer string, found chan<- bool) {
	conn, err := dial(ctx, peer)
	if err == nil {
		conn.Close()
	}
	found <- err == nil || errors.Is(err, syscall.ECONNREFUSED)
}
