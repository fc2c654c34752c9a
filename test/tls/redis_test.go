package tls

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"magent/internal/testkit"
	"magent/test/harness"
)

// encryptedRedis is a Redis server that speaks TLS, and plain text on another port.
type encryptedRedis struct {
	*testkit.Redis
	addr string // of TLS
}

// encryptRedis starts a Redis server that wants certificates. A replica follows it by TLS.
func encryptRedis(t *testing.T, ca *testkit.Authority, args ...string) *encryptedRedis {
	t.Helper()
	cert, key := ca.IssueFiles(t, here)
	port := strconv.Itoa(testkit.ReservePort(t))
	r := testkit.StartRedis(t, append([]string{
		"--tls-port", port, "--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", ca.File,
		"--tls-replication", "yes",
	}, args...)...)
	return &encryptedRedis{r, "127.0.0.1:" + port}
}

func startRedisPool(t *testing.T, ca *testkit.Authority, server, password string) *redisClient {
	t.Helper()
	cert, key := ca.IssueFiles(t, testkit.Leaf{Name: "magent"})
	file := filepath.Join(t.TempDir(), "pools.yml")
	at := fmt.Sprintf("127.0.0.1:%d", testkit.ReservePort(t))
	text := fmt.Sprintf("redis:\n  listen: %s\n  redis: true\n  timeout: 60000\n  server_tls: true\n"+
		"  server_tls_ca: %s\n  server_tls_cert: %s\n  server_tls_key: %s\n  servers:\n  - %s:1\n",
		at, ca.File, cert, key, server)
	if password != "" {
		text += "  redis_auth: " + password + "\n"
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	proxy := testkit.Start(t, "magent", harness.Binary(t), "--log-format", "json", "--connect-timeout",
		testkit.Patience.String(), "-c", file)
	testkit.Until(t, "magent is ready", func() bool { return harness.Listening(proxy.Log()) != nil })
	return &redisClient{t, at, password}
}

// redisClient asks a magent, on a connection of its own for each question.
type redisClient struct {
	t              *testing.T
	addr, password string
}

func (c *redisClient) await(command, reply string) {
	c.t.Helper()
	testkit.Eventually(c.t, command, func() error {
		conn := testkit.Dial(c.t, "tcp", c.addr)
		defer conn.Close()
		all, want := words(command), reply
		if c.password != "" {
			all, want = words("AUTH "+c.password)+all, "+OK\r\n"+reply
		}
		if _, err := io.WriteString(conn, all); err != nil {
			return err
		}
		got := make([]byte, len(want))
		if n, err := io.ReadFull(conn, got); err != nil || string(got) != want {
			return fmt.Errorf("%q, %w", got[:n], err)
		}
		return nil
	})
}

// words returns a command in RESP.
func words(command string) string {
	list := strings.Fields(command)
	text := fmt.Sprintf("*%d\r\n", len(list))
	for _, w := range list {
		text += fmt.Sprintf("$%d\r\n%s\r\n", len(w), w)
	}
	return text
}

// A Redis server that speaks TLS and wants a certificate and a password is used, also after it was killed.
func TestRedisServer(t *testing.T) {
	t.Parallel()
	ca := testkit.NewAuthority(t)
	r := encryptRedis(t, ca, "--requirepass", "secret")
	c := startRedisPool(t, ca, r.addr, "secret")
	for i := range 3 {
		value := strconv.Itoa(i)
		c.await("SET k "+value, "+OK\r\n")
		c.await("GET k", "$1\r\n"+value+"\r\n")
		r.Restart()
	}
	c.await("GET k", "$-1\r\n")
}

// Sentinels are asked by TLS, too. A master that they replace is followed.
func TestRedisSentinels(t *testing.T) {
	t.Parallel()
	ca := testkit.NewAuthority(t)
	master := encryptRedis(t, ca)
	_, port, _ := strings.Cut(master.addr, ":")
	replica := encryptRedis(t, ca, "--replicaof", "127.0.0.1", port)
	master.Await("INFO replication", "state=online")
	cert, key := ca.IssueFiles(t, here)
	at := strconv.Itoa(testkit.ReservePort(t))
	sentinel := testkit.StartSentinel(t, fmt.Sprintf("tls-port %s\ntls-replication yes\ntls-cert-file %s\n"+
		"tls-key-file %s\ntls-ca-cert-file %s\nsentinel monitor main 127.0.0.1 %s 1\n"+
		"sentinel down-after-milliseconds main 3600000\nsentinel failover-timeout main 3000\n", at, cert, key, ca.File,
		port))
	sentinel.Await("INFO sentinel", "slaves=1")
	c := startRedisPool(t, ca, "sentinel://127.0.0.1:"+at+"/main", "")
	c.await("SET k before", "+OK\r\n")
	replica.Await("GET k", "before")
	testkit.Failover(sentinel, "main")
	replica.Await("INFO replication", "role:master")
	testkit.Eventually(t, "the replica gets what is written", func() error {
		c.await("SET k after", "+OK\r\n")
		got, err := replica.Do("GET k")
		if err == nil && got != "after" {
			err = fmt.Errorf("%q", got)
		}
		return err
	})
}
