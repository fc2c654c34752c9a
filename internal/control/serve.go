package control

import (
	"context"
	"errors"
	"net/http"
	"os/user"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"magent/internal/admin"
)

// answerTime bounds the time until a command is carried out or refused. A reload waits for requests under way.
const answerTime = time.Minute

// Paths of the commands.
const (
	reloadPath  = "/reload"
	drainPath   = "/drain"
	undrainPath = "/undrain"
	settledPath = "/settled"
)

// Parameters of the commands.
const (
	serverValue = "server"
	poolValue   = "pool"
	forceValue  = "force" // not empty: do it although keys are lost, or a member is away
	reasonValue = "reason"

	primaryValue = "primary"
	backupValue  = "backup"
)

// longestReason is how many bytes of a reason are kept.
const longestReason = 200

// Task is done between signals, on the goroutine that reloads. reload does what SIGUSR1 does, and returns why nothing
// has changed.
type Task = func(reload func() error)

// Engine carries commands out. Its functions are called by tasks.
type Engine struct {
	// Drain takes a server out of use, and returns lines that say what that does. by is the user who asks.
	Drain func(o Order) (text string, err error)
	// Undrain lets it return.
	Undrain func(o Order) (text string, err error)
	// Settled returns the name of the pool that has these servers, "" if there is none, or why its copies should not
	// be repaired now.
	Settled func(primaries, backups []string) (pool string, err error)
}

// Order is what is asked of Drain, and of Undrain, which needs no reason.
type Order struct {
	Server, Pool string // Pool is empty for all that have the server
	Force        bool   // although keys are lost, or a member of the fleet is away
	By, Reason   string
}

// Handler answers commands. Each becomes a task, and is answered when it is done. The tasks have to be received as
// long as the process serves; nil: it is a witness, which refuses all.
func Handler(e Engine, tasks chan<- Task) http.Handler {
	mux := http.NewServeMux()
	h := handler{e, tasks}
	mux.HandleFunc("POST "+reloadPath, h.reload)
	mux.HandleFunc("POST "+drainPath, h.drain)
	mux.HandleFunc("POST "+undrainPath, h.undrain)
	mux.HandleFunc("POST "+settledPath, h.settled)
	return mux
}

type handler struct {
	Engine
	tasks chan<- Task
}

// errEnds is the answer while the process ends.
var errEnds = errors.New("this magent ends, or hands over to another process: ask again")

// What is not done in time, answerTime, is not the same: it has not begun, or goes on.
var (
	errBusy = errors.New("not begun within a minute: this magent does something else, or ends: ask again")
	errLong = errors.New(Unfinished + ": requests under way have to end first, and a server that hangs lets them " +
		"wait for two timeouts: `magent status` and the log say how it ends")
)

// Unfinished stands in the reason if a command may still be carried out.
const Unfinished = "not done within a minute"

// late returns the answer when ctx is done: err if the time was up.
func late(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return err
	}
	return errEnds
}

// errWitness is the answer of a process that has no pools.
var errWitness = errors.New("a witness has no servers, and reads no file: ask another member of the fleet")

// do has a task done and waits for it.
func (h handler) do(ctx context.Context, task func(reload func() error) error) error {
	if h.tasks == nil {
		return errWitness
	}
	done := make(chan error, 1)
	select {
	case h.tasks <- func(reload func() error) { done <- task(reload) }:
	case <-ctx.Done():
		return late(ctx, errBusy)
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return late(ctx, errLong)
	}
}

func (h handler) reload(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := patiently(w, r)
	defer cancel()
	err := h.do(ctx, func(reload func() error) error { return reload() })
	answer(w, "reloaded", err)
}

func (h handler) drain(w http.ResponseWriter, r *http.Request)   { h.order(w, r, h.Drain) }
func (h handler) undrain(w http.ResponseWriter, r *http.Request) { h.order(w, r, h.Undrain) }

func (h handler) settled(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	h.told(w, r, func() (string, error) { return h.Settled(q[primaryValue], q[backupValue]) })
}

// order has an order about a server carried out.
func (h handler) order(w http.ResponseWriter, r *http.Request, carryOut func(Order) (string, error)) {
	q := r.URL.Query()
	o := Order{
		Server: q.Get(serverValue), Pool: q.Get(poolValue), Force: q.Get(forceValue) != "", By: asker(r),
		Reason: oneLine(q.Get(reasonValue)),
	}
	h.told(w, r, func() (string, error) { return carryOut(o) })
}

// told does something between signals, and answers with what it returns.
func (h handler) told(w http.ResponseWriter, r *http.Request, do func() (string, error)) {
	ctx, cancel := patiently(w, r)
	defer cancel()
	text := ""
	err := h.do(ctx, func(func() error) (err error) {
		text, err = do()
		return err
	})
	answer(w, text, err)
}

// oneLine returns a reason as it can stand in a line: without control characters, and not too long.
func oneLine(reason string) string {
	reason = strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return ' '
		}
		return c
	}, strings.ToValidUTF8(reason, "?"))
	for len(reason) > longestReason {
		_, size := utf8.DecodeLastRuneInString(reason)
		reason = reason[:len(reason)-size]
	}
	return strings.TrimSpace(reason)
}

// patiently gives a command its time.
func patiently(w http.ResponseWriter, r *http.Request) (context.Context, context.CancelFunc) {
	admin.Patiently(w, answerTime+time.Second)
	return context.WithTimeout(r.Context(), answerTime)
}

func answer(w http.ResponseWriter, text string, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte(text + "\n"))
}

// asker returns the name of the user who sends a request, or the number if it has no name here.
func asker(r *http.Request) string {
	uid, _ := admin.Peer(r) // there is one, or the request would not have come here
	number := strconv.Itoa(uid)
	if u, err := user.LookupId(number); err == nil {
		return u.Username
	}
	return "uid " + number
}
