package owner

import (
	"slices"
	"time"
)

// taskTime is how long transit is waited for. It may be busy for as long as a server owes an answer that has no limit.
const taskTime = 10 * time.Second

// give has transit do something, after all that it was given before.
func (f *Owner) give(do func()) *task {
	t := &task{do, make(chan struct{})}
	f.mu.Lock()
	f.tasks = append(f.tasks, t)
	f.mu.Unlock()
	f.awake()
	return t
}

// inTransit has transit do something, and waits for it. It returns false if the process ends, or if transit is busy
// for too long: then nothing is done. What has begun comes to its end.
func (f *Owner) inTransit(do func()) bool {
	t := f.give(do)
	if f.awaitTask(t) {
		return true
	}
	if f.takeBack(t) {
		return false
	}
	<-t.done
	return true
}

// awaitTask waits for a task for a while, and reports whether it is done.
func (f *Owner) awaitTask(t *task) bool {
	limit := time.NewTimer(taskTime)
	defer limit.Stop()
	select {
	case <-t.done:
		return true
	case <-limit.C:
	case <-f.o.Ending.Done():
	case <-f.ctx.Done():
	}
	return false
}

// takeBack has a task not be done. It returns false if that has begun.
func (f *Owner) takeBack(t *task) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := len(f.tasks)
	f.tasks = slices.DeleteFunc(f.tasks, func(o *task) bool { return o == t })
	return len(f.tasks) < n
}

// doTasks does what transit was given. It is called by transit.
func (f *Owner) doTasks() {
	for f.ctx.Err() == nil {
		f.mu.Lock()
		if len(f.tasks) == 0 {
			f.mu.Unlock()
			return
		}
		t := f.tasks[0]
		f.tasks = f.tasks[1:]
		f.mu.Unlock()
		t.do()
		close(t.done)
	}
}
