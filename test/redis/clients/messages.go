package main

import (
	"context"
	"fmt"
	"io"
	"os"

	redigo "github.com/gomodule/redigo/redis"
	"github.com/redis/rueidis"
)

// messages subscribes to the channels one and two, and prints what is published there, until the input ends. go-redis
// and rueidis subscribe again when their connection was lost. redigo leaves that to its user, so it is done here.
func messages(name string, c client) {
	switch c := c.(type) {
	case goRedis:
		go ofGoRedis(name, c)
	case ofRueidis:
		go ofTheRueidis(name, c)
	case ofRedigo:
		go ofTheRedigo(name, c)
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func ofGoRedis(name string, c goRedis) {
	ctx := context.Background()
	for m := range c.Subscribe(ctx, "one", "two").Channel() {
		fmt.Println(name, m.Channel, m.Payload)
	}
}

func ofTheRueidis(name string, c ofRueidis) {
	for {
		_ = c.Receive(context.Background(), c.B().Subscribe().Channel("one", "two").Build(),
			func(m rueidis.PubSubMessage) { fmt.Println(name, m.Channel, m.Message) })
	}
}

func ofTheRedigo(name string, c ofRedigo) {
	for {
		conn := redigo.PubSubConn{Conn: c.Get()}
		for err := conn.Subscribe("one", "two"); err == nil; {
			switch m := conn.Receive().(type) {
			case redigo.Message:
				fmt.Println(name, m.Channel, string(m.Data))
			case error:
				err = m
			}
		}
		_ = conn.Close()
	}
}
