package nutcracker

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"magent/internal/testkit"
	"magent/test/harness"
)

const patience = testkit.Patience

// figures returns what the stats port sends to a connection that sends nothing.
func figures(addr string) (map[string]any, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	line, err := io.ReadAll(c)
	if err != nil {
		return nil, err
	}
	return parse(line)
}

func parse(line []byte) (map[string]any, error) {
	var all map[string]any
	if err := json.Unmarshal(line, &all); err != nil {
		return nil, fmt.Errorf("%w: %q", err, line)
	}
	if n := strings.Count(string(line), "\n"); n != 1 || line[len(line)-1] != '\n' {
		return nil, fmt.Errorf("not one line: %q", line)
	}
	return all, nil
}

// shape lists the members of an object, recursively, with the types of their values.
func shape(object map[string]any) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if inner, ok := object[name].(map[string]any); ok {
			for _, member := range shape(inner) {
				out = append(out, name+"/"+member)
			}
			continue
		}
		out = append(out, fmt.Sprintf("%s %T", name, object[name]))
	}
	return out
}

// number returns a figure by its path.
func number(t *testing.T, all map[string]any, path ...string) float64 {
	t.Helper()
	var value any = all
	for _, name := range path {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	n, ok := value.(float64)
	if !ok {
		t.Fatalf("%v: %v in %v", path, value, all)
	}
	return n
}

// traffic sets and gets twenty keys, one after the other, and gets some of them together.
func traffic(t *testing.T, addr string) {
	t.Helper()
	c := harness.Dial(t, addr)
	for i := range 20 {
		key := fmt.Sprintf("key%d", i)
		c.Want(harness.Set(key, "value"), "STORED\r\n")
		c.Want("get "+key+"\r\n", harness.Hit(key, "value"))
	}
	c.Close()
}

// With the same file and the same traffic, both programs have the same members and the same figures.
func TestFiguresBesideTwemproxy(t *testing.T) {
	a, b := harness.StartMemcached(t), harness.StartMemcached(t)
	var shapes [2][]string
	var values [2]string
	for i, bin := range []string{theirs, harness.Nutcracker(t)} {
		p := newPlace(t)
		second := "beta:\n  listen: " + p.file("beta.sock") +
			"\n  timeout: 100\n  servers:\n   - 127.0.0.1:11211:1\n   - " + testkit.DeadAddr(t) + ":1 dead\n"
		p.run(t, bin, p.pool(a.Addr, b.Addr)+second)
		testkit.Eventually(t, "the servers are connected to", func() error {
			all, err := figures(p.stats)
			if err != nil {
				return err
			}
			for _, server := range []string{"server0", "server1"} {
				if number(t, all, "alpha", server, "server_connections") == 0 { // ours has one for each loop
					return errors.New("not yet")
				}
			}
			return nil
		})
		before, err := figures(p.stats)
		if err != nil {
			t.Fatal(err)
		}
		traffic(t, p.listen)
		var all map[string]any
		testkit.Eventually(t, "the figures", func() error {
			var err error
			if all, err = figures(p.stats); err != nil {
				return err
			}
			requests := number(t, all, "alpha", "server0", "requests") + number(t, all, "alpha", "server1", "requests")
			if requests != 40 || number(t, all, "alpha", "client_connections") != 0 ||
				number(t, all, "alpha", "client_eof") != 2 {
				return fmt.Errorf("%v", all["alpha"])
			}
			return nil
		})
		shapes[i] = shape(all)
		for _, server := range []string{"server0", "server1"} {
			for _, name := range []string{
				"server_eof", "server_err", "server_timedout", "server_ejected_at", "requests",
				"request_bytes", "responses",
				"response_bytes", "in_queue", "in_queue_bytes", "out_queue", "out_queue_bytes",
			} {
				values[i] += fmt.Sprintln(server, name, number(t, all, "alpha", server, name))
			}
		}
		for _, name := range []string{
			"client_err", "client_connections", "server_ejects", "forward_error",
			"fragments",
		} {
			values[i] += fmt.Sprintln(name, number(t, all, "alpha", name))
		}
		if number(t, all, "total_connections") <= number(t, before, "total_connections") ||
			all["service"] != "nutcracker" {
			t.Errorf("%s: %v", bin, all)
		}
	}
	if !slices.Equal(shapes[0], shapes[1]) {
		t.Errorf("twemproxy has\n%s\nwe have\n%s", strings.Join(shapes[0], "\n"), strings.Join(shapes[1], "\n"))
	}
	if values[0] != values[1] {
		t.Errorf("twemproxy has\n%s\nwe have\n%s", values[0], values[1])
	}
}

// fetch sends a request by HTTP.
func fetch(t *testing.T, url string) (map[string]any, http.Header) {
	t.Helper()
	client := &http.Client{Timeout: patience}
	defer client.CloseIdleConnections()
	r, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	line, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d, %v", url, r.StatusCode, err)
	}
	all, err := parse(line)
	if err != nil {
		t.Fatal(err)
	}
	return all, r.Header
}

// A GET returns the same figures, with headers.
func TestFiguresByHTTP(t *testing.T) {
	p := newPlace(t)
	p.run(t, harness.Nutcracker(t), p.pool(harness.StartMemcached(t).Addr))
	traffic(t, p.listen)
	bare, err := figures(p.stats)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"", "/", "/stats"} {
		all, header := fetch(t, "http://"+p.stats+path)
		if kind := header.Get("Content-Type"); kind != "application/json" || !slices.Equal(shape(all), shape(bare)) {
			t.Errorf("%q: %s, %v", path, kind, all)
		}
		if n := number(t, all, "alpha", "server0", "requests"); n != 40 {
			t.Errorf("%q: %v requests", path, n)
		}
	}
}

// Errors are counted at once.
func TestFiguresOfFailures(t *testing.T) {
	p, server, backup := newPlace(t), harness.StartMemcached(t), harness.StartMemcached(t)
	pools := strings.Replace(p.pool(server.Addr), "timeout: 20000", "timeout: 8000", 1) + "  backups:\n   - " +
		backup.Addr + ":1 copy\n"
	p.run(t, harness.Nutcracker(t), pools)
	traffic(t, p.listen)
	all, err := figures(p.stats)
	if err != nil {
		t.Fatal(err)
	}
	copied, _ := all["alpha"].(map[string]any)["copy"].(map[string]any)
	if copied["role"] != "backup" || copied["state"] != "up" || copied["dirty_keys"] != 0.0 ||
		copied["requests"] == 0.0 {
		t.Errorf("the backup: %v", copied)
	}
	c := harness.Dial(t, p.listen)
	c.Do("get\r\n")
	server.Pause()
	c.Send("get key1\r\n")
	testkit.Eventually(t, "a request waits", func() error {
		all, err := figures(p.stats)
		if err == nil && number(t, all, "alpha", "server0", "out_queue")+
			number(t, all, "alpha", "server0", "server_timedout") == 0 {
			err = fmt.Errorf("%v", all)
		}
		return err
	})
	c.Reply()
	server.Resume()
	server.Kill()
	began := time.Now().Add(-time.Minute)
	testkit.Eventually(t, "the server is ejected", func() error {
		all, err := figures(p.stats)
		if err != nil {
			return err
		}
		at := time.UnixMicro(int64(number(t, all, "alpha", "server0", "server_ejected_at")))
		first := all["alpha"].(map[string]any)["server0"].(map[string]any)
		if first["state"] != "ejected" || first["server_connections"] != 0.0 ||
			number(t, all, "alpha", "server_ejects") != 1 ||
			number(t, all, "alpha", "client_err") != 1 || number(t, all, "alpha", "client_connections") != 1 ||
			at.Before(began) ||
			number(t, all, "alpha", "server0", "server_eof")+number(t, all, "alpha", "server0", "server_err") == 0 ||
			number(t, all, "alpha", "server0", "server_timedout") == 0 {
			return fmt.Errorf("%v", all)
		}
		return nil
	})
}
