package control

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"magent/internal/admin"
	"magent/internal/cause"
)

// patience is how long an answer is waited for. A magent that is there says within a minute why it has not done it.
const patience = answerTime + 10*time.Second

// longestAnswer is how many bytes are read of an answer.
const longestAnswer = 1 << 20

// RefusedError is why a running magent has not carried out a command.
type RefusedError struct{ Reason string }

func (e *RefusedError) Error() string { return e.Reason }

// Reload has the magent at a socket read its files again. It returns when that is done. A *RefusedError says why
// nothing has changed.
func Reload(ctx context.Context, socket string) error {
	_, err := ask(ctx, socket, reloadPath, nil)
	return err
}

// Drain has the magent at a socket take a server out of use. It returns lines that say what that does. A
// *RefusedError says why nothing has changed.
func Drain(ctx context.Context, socket string, o Order) (text string, err error) {
	return ask(ctx, socket, drainPath, valuesOf(o))
}

// Undrain has the magent at a socket let a server return. It returns what Drain does.
func Undrain(ctx context.Context, socket string, o Order) (text string, err error) {
	return ask(ctx, socket, undrainPath, valuesOf(o))
}

// Settled asks the magent at a socket whether it has all servers of a pool in use and nothing is left to copy, so that
// copies may be repaired. It returns the name of the pool, or "" if that magent has none of these servers. A
// *RefusedError says why they should not be repaired now.
func Settled(ctx context.Context, socket string, primaries, backups []string) (pool string, err error) {
	return ask(ctx, socket, settledPath, url.Values{primaryValue: primaries, backupValue: backups})
}

func valuesOf(o Order) url.Values {
	values := url.Values{serverValue: {o.Server}, poolValue: {o.Pool}, reasonValue: {o.Reason}}
	if o.Force {
		values.Set(forceValue, "1")
	}
	return values
}

// ask sends a command to the magent at a socket, and returns the answer.
func ask(ctx context.Context, socket, path string, values url.Values) (text string, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	client, base := admin.Client(socket, 0)
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, base+path+"?"+values.Encode(), nil)
	if err != nil {
		return "", err
	}
	response, err := client.Do(request)
	if err != nil {
		return "", Unreachable(socket, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, longestAnswer))
	if err != nil {
		return "", Unreachable(socket, err)
	}
	text = strings.TrimSpace(string(body))
	switch response.StatusCode {
	case http.StatusOK:
		return text, nil
	case http.StatusNotFound:
		return "", fmt.Errorf("%s: what listens there does not know this command: upgrade that magent", socket)
	}
	return "", &RefusedError{text}
}

// Unreachable returns an error that says what to do if a magent does not answer at an address.
func Unreachable(address string, err error) error {
	why := cause.Of(err)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s: %w: be the user of that magent, or root", address, why)
	case strings.HasPrefix(address, "/"):
		return fmt.Errorf("%s: %w: is a magent running that was started with it?", address, why)
	}
	return fmt.Errorf("--admin %s: %w: is a magent running that was started with it?", address, why)
}

// places are where the packages' services have their sockets.
const places = "/run/magent/*/control.sock"

// All returns the sockets of all services of this machine.
func All() []string {
	found, _ := filepath.Glob(places) // it has no bad pattern
	return found
}

// Usual returns the one socket of the services of this machine; "": there is none. Of several it names them.
func Usual() (socket string, err error) { return only(All()) }

// Accessible reports whether this process may ask at a socket.
func Accessible(socket string) bool { return socket != "" && unix.Access(socket, unix.W_OK) == nil }

func only(found []string) (string, error) {
	switch len(found) {
	case 0:
		return "", nil
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("which magent? name one with --admin-socket: %s", strings.Join(found, ", "))
}
