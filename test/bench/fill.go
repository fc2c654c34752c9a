package main

import (
	"bufio"
	"fmt"
	"net"
	"time"
)

// fill sets every key of w once, on one connection, a few at a time.
func fill(addr string, w workload) error {
	conn, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		return fmt.Errorf("filling: %w", err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return fmt.Errorf("filling: %w", err)
	}
	g := newGenerator(w, 1)
	replies := bufio.NewReader(conn)
	stored := "STORED\r\n"
	if w.redis {
		stored = string(g.redis.ok)
	}
	atOnce := max(1, min(64, 64<<10/(w.size+1)))
	for key := 0; key < w.keys; {
		var out []byte
		n := min(atOnce, w.keys-key)
		for range n {
			out = g.append(out, request{key: int32(key), set: true})
			key++
		}
		if _, err := conn.Write(out); err != nil {
			return fmt.Errorf("filling: %w", err)
		}
		for range n {
			line, err := replies.ReadString('\n')
			if err != nil {
				return fmt.Errorf("filling: %w", err)
			}
			if line != stored {
				return fmt.Errorf("filling: %s said %q to a set", addr, line)
			}
		}
	}
	return nil
}
