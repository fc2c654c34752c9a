package admin

import (
	"context"
	"net"
	"net/http"
	"os"

	"golang.org/x/sys/unix"
)

// peerKey is the key of the peer in the context of a connection.
type peerKey struct{}

// withPeer adds the user of the process at the other end of a unix socket to the context of the connection.
func withPeer(ctx context.Context, c net.Conn) context.Context {
	limited, ok := c.(*conn)
	if !ok {
		return ctx
	}
	u, ok := limited.Conn.(*net.UnixConn)
	if !ok {
		return ctx
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return ctx
	}
	var peer *unix.Ucred
	if raw.Control(func(fd uintptr) {
		peer, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	}) != nil || err != nil {
		return ctx
	}
	return context.WithValue(ctx, peerKey{}, int(peer.Uid))
}

// Peer returns the number of the user that sends a request, by SO_PEERCRED. ok is false if it did not come by a unix
// socket.
func Peer(r *http.Request) (uid int, ok bool) {
	uid, ok = r.Context().Value(peerKey{}).(int)
	return uid, ok
}

// isOwn reports whether a request comes from the user of this process, or from root.
func isOwn(r *http.Request) bool {
	uid, ok := Peer(r)
	return ok && (uid == 0 || uid == os.Geteuid())
}
