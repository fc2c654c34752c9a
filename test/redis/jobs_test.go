package redis

import (
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// TestBullMQ has BullMQ carry out jobs: one after the other, in bulk, with a delay, and again after a failure. Its
// worker and its reader of events wait at the server of their keys, which have one hash tag.
func TestBullMQ(t *testing.T) {
	t.Parallel()
	module := harness.NodeModules(t, "bullmq")
	for name, servers := range map[string][]*testkit.Redis{
		"one server": startServers(t, 1), "three servers": startServers(t, 3),
	} {
		t.Run(name, func(t *testing.T) {
			host, port := hostPort(t, startPool(t, servers, calm).Addr)
			if out := run(t, "", "node", "scripts/bullmq.js", module, host, port); out != "62 jobs\n" {
				t.Errorf("it says\n%s", out)
			}
		})
	}
}

// TestJobs has programs carry out jobs: Bull 4, Celery, RQ and Sidekiq as Debian has them, and socket.io, whose
// servers send messages to each other. Where all keys can have a common hash tag, the pool has three servers.
func TestJobs(t *testing.T) {
	const python = "/usr/bin/python3"
	for name, p := range map[string]struct {
		argv    []string
		node    bool   // has the folder of its modules in front of the address
		tag     string // of the pool
		servers int
		last    string // behind the address
		out     string
	}{
		"Bull": {
			argv: []string{"node", "scripts/bull.js"}, node: true, servers: 3, out: "62 jobs\n",
		},
		"socket.io": {
			argv: []string{"node", "scripts/socketio.js"}, node: true, servers: 3, out: "20 messages\n",
		},
		"RQ": {argv: []string{python, "scripts/rqjobs.py"}, tag: "r:", servers: 3, out: "14 jobs\n"},
		"Celery": {
			argv: []string{python, "scripts/celeryjobs.py"}, servers: 3, last: "{celery}", out: "all jobs\n",
		},
		"Celery at one server": {argv: []string{python, "scripts/celeryjobs.py"}, servers: 1, out: "all jobs\n"},
		"Sidekiq":              {argv: []string{"ruby", "scripts/sidekiqjobs.rb"}, servers: 1, out: "52 jobs\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			listen, argv := testkit.DeadAddr(t), p.argv
			file := pool(listen, startServers(t, p.servers), calm)
			if p.tag != "" {
				file = strings.Replace(file, `"{}"`, `"`+p.tag+`"`, 1)
			}
			startFile(t, testkit.TempFile(t, "pools.yml", file))
			if p.node {
				argv = append(argv, harness.NodeModules(t))
			}
			host, port := hostPort(t, listen)
			if argv = append(argv, host, port); p.last != "" {
				argv = append(argv, p.last)
			}
			if out := run(t, "", argv[0], argv[1:]...); !strings.HasSuffix(out, p.out) {
				t.Errorf("it says\n%s", out)
			}
		})
	}
}
