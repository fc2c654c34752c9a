package service

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"

	"github.com/coreos/go-systemd/v22/daemon"
)

// Run runs a process from its options to its exit code. An error means that it did not start to serve.
// Later errors are in the log.
func Run(o Options) (exit int, err error) {
	path := programPath()
	from, sockets := inherit()
	credentials, err := LookupCredentials(o.User, o.Group)
	if err != nil {
		return 1, err
	}
	log, err := OpenLog(o.Log)
	if err != nil {
		return 1, err
	}
	defer log.Close()
	signals := watchSignals(o.Levels)
	defer signals.stop()

	var pid *pidFile
	defer func() { pid.remove() }()
	ending, heard := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer heard()
	given := Given{Sockets: sockets, Give: credentials.giver(), Files: ownFiles(o), Ending: ending}
	flag := cmp.Or(o.PidFlag, "--pid-file")
	claim := func() error {
		pid, err = createPidFile(o.PidFile, flag)
		return err
	}
	if from != nil {
		if err := checkPidFile(o.PidFile, flag); err != nil {
			return 1, err
		}
		given.TakeOver = func() error {
			if err := from.takeOver(); err != nil {
				return err
			}
			return claim()
		}
	} else if err := claim(); err != nil {
		return 1, err
	}
	needLoopThreads(o.Threads)
	clients, files := fitFiles(processLimit{}, o.Clients, o.Servers, o.Spare)
	upgrader := newUpgrader(o, path)
	engine, err := o.Start(log.Logger, clients, given)
	if err != nil {
		return 1, err
	}
	warnings, err := giveAll(credentials, pid, log, o.Sockets, foreignPaths(sockets))
	warnings = slices.Concat(warningsOf(o, credentials, files), warnings)
	if err == nil {
		err = settle(o, credentials, log, slices.Concat(warnings, engine.Warnings()))
	}
	if err != nil {
		engine.Close()
		return 1, err
	}
	log.warn(warnings)
	notify(daemon.SdNotifyReady, status("%s", o.Started(log.Logger)))
	from.serves()
	r := newReloader(o)
	defer r.stop()
	v := newVerdicts()
	defer v.close()
	defer startWatchdog(o.Hung, log).stop()
	upgrader.serves(pid)
	return serve(engine, log, signals, r, v, upgrader, o.Tasks, cmp.Or(o.Ends, draining)), nil
}

// warningsOf returns what is known before the engine starts: files is said of the limit of open files; empty: nothing.
func warningsOf(o Options, credentials *Credentials, files string) []string {
	warnings := slices.Clone(o.Warnings)
	if credentials.StaysRoot() && o.Root != "" {
		warnings = append(warnings, "running as root: "+o.Root)
	}
	if files != "" {
		warnings = append(warnings, files)
	}
	return warnings
}

// warn logs warnings.
func (l *Log) warn(texts []string) {
	for _, text := range texts {
		l.Warn().Msg(text)
	}
}

// ownFiles returns the paths of the process's own files.
func ownFiles(o Options) (paths []string) {
	for _, path := range append([]string{o.PidFile, o.Log.File}, o.Sockets...) {
		if absolute, err := filepath.Abs(path); path != "" && err == nil {
			paths = append(paths, absolute)
		}
	}
	return paths
}

// settle does what comes between listening and serving. It gives up root's rights, and tells the parent of a daemon
// that the daemon is ready, with the warnings.
func settle(o Options, credentials *Credentials, log *Log, warnings []string) error {
	given := credentials.giver() != nil
	err := credentials.Drop()
	if err == nil && given {
		err = log.file.checkFolder()
	}
	if err != nil || !IsDaemon() {
		return err
	}
	if log.syslog {
		fmt.Fprintf(os.Stderr, "%s: the log goes to syslog, as %s: --log-file FILE names a file\n",
			o.Program, o.Log.Syslog)
	}
	for _, text := range warnings {
		fmt.Fprintf(os.Stderr, "%s: warning: %s\n", o.Program, text)
	}
	if err := os.Chdir("/"); err != nil { // a daemon must not keep a file system busy
		return err
	}
	return detach()
}

// needLoopThreads lets the runtime run one thread more than there are loops. A loop waits in system calls that the
// runtime does not know about (RawSyscall), so it always occupies one of the GOMAXPROCS. Without a free one, the log,
// the prober and the signals would wait until the runtime takes one back.
func needLoopThreads(loops int) {
	if runtime.GOMAXPROCS(0) <= loops {
		runtime.GOMAXPROCS(loops + 1)
	}
}
