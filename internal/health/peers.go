package health

import (
	"context"
	"errors"
	"syscall"
)

// reachable reports whether one of the peers can be reached. One that refuses us can.
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
			cancel() // the others
		}
	}
	return one
}

// knock is a goroutine of reachable.
func knock(ctx context.Context, peer string, found chan<- bool) {
	conn, err := dial(ctx, peer)
	if err == nil {
		conn.Close()
	}
	found <- err == nil || errors.Is(err, syscall.ECONNREFUSED)
}
