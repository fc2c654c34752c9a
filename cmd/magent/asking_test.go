package main

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"

	"magent/internal/run"
	"magent/internal/testkit"
)

// A command that has to wait says for what, before it has the answer, and says nothing else on stderr.
func TestCommandsTellWhatTheyWaitFor(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"drain a", "undrain a", "reload"} {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			answer := make(chan struct{})
			socket, _ := socketOf(t, func(w http.ResponseWriter, _ *http.Request) {
				<-answer
				_, _ = w.Write([]byte("done\n"))
			})
			out, stderr := io.Pipe()
			exit := make(chan int, 1)
			go func() {
				exit <- execute(strings.Fields(command+" --admin-socket "+socket), run.Names(), io.Discard, stderr)
				stderr.Close()
			}()
			in := bufio.NewReader(out)
			line, err := in.ReadString('\n')
			if err != nil || !strings.HasPrefix(line, "magent: waiting until requests under way have ended") {
				t.Errorf("%q, %v", line, err)
			}
			close(answer)
			if rest, err := io.ReadAll(in); err != nil || len(rest) > 0 {
				t.Errorf("%q, %v", rest, err)
			}
			if got := testkit.Await(t, "the end", exit); got != 0 {
				t.Errorf("exit code %d", got)
			}
		})
	}
}
