package control

import (
	"context"
	"errors"
	"net/http"
	"time"

	"magent/internal/admin"
)

// answerTime bounds the time until a command is carried out or refused. A reload waits for requests under way.
const answerTime = time.Minute

// Paths of the commands.
const (
	reloadPath = "/reload"
)

// Task is done between signals, on the goroutine that reloads. reload does what SIGUSR1 does, and returns why nothing
// has changed.
type Task = func(reload func() error)

// Handler answers commands. Each becomes a task, and is answered when it is done. The tasks have to be received as
// long as the process serves.
func Handler(tasks chan<- Task) http.Handler {
	mux := http.NewServeMux()
	h := handler{tasks}
	mux.HandleFunc("POST "+reloadPath, h.reload)
	return mux
}

type handler struct{ tasks chan<- Task }

// errEnds is the answer while the process ends.
var errEnds = errors.New("this magent ends, or hands over to another process: ask again")

// do has a task done and waits for it.
func (h handler) do(ctx context.Context, task func(reload func() error) error) error {
	done := make(chan error, 1)
	select {
	case h.tasks <- func(reload func() error) { done <- task(reload) }:
	case <-ctx.Done():
		return errEnds
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return errEnds
	}
}

func (h handler) reload(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := patiently(w, r)
	defer cancel()
	err := h.do(ctx, func(reload func() error) error { return reload() })
	answer(w, "reloaded", err)
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
