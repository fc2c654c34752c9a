// Command telegraf runs one of telegraf's own inputs once, in its defaults, and prints what it gathers: a line
// "MEASUREMENT FIELD VALUE" for each field. It is a module of its own, so that magent does not depend on telegraf.
//
//	telegraf INPUT ADDRESS [POOL...]
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/influxdata/telegraf"
	"github.com/influxdata/telegraf/logger"
	"github.com/influxdata/telegraf/plugins/inputs/memcached"
	"github.com/influxdata/telegraf/plugins/inputs/redis"
	"github.com/influxdata/telegraf/plugins/inputs/twemproxy"
)

// printer prints what an input gathers. These inputs call no other methods of their accumulator.
type printer struct {
	telegraf.Accumulator
	failed error
}

func (p *printer) AddFields(name string, fields map[string]any, _ map[string]string, _ ...time.Time) {
	for field, value := range fields {
		fmt.Println(name, field, value)
	}
}

func (p *printer) AddGauge(name string, fields map[string]any, tags map[string]string, t ...time.Time) {
	p.AddFields(name, fields, tags, t...)
}

func (p *printer) AddCounter(name string, fields map[string]any, tags map[string]string, t ...time.Time) {
	p.AddFields(name, fields, tags, t...)
}

func (p *printer) AddError(err error) {
	if err != nil {
		p.failed = err
	}
}

func input(name, addr string, pools []string) (telegraf.Input, error) {
	switch name {
	case "memcached":
		return &memcached.Memcached{Servers: []string{addr}}, nil
	case "twemproxy":
		return &twemproxy.Twemproxy{Addr: addr, Pools: pools}, nil
	case "redis":
		r := &redis.Redis{Servers: []string{"tcp://" + addr}, Log: logger.New("inputs", name, "")}
		return r, r.Init()
	}
	return nil, fmt.Errorf("no input %q", name)
}

func run(name, addr string, pools []string) error {
	in, err := input(name, addr, pools)
	if err != nil {
		return err
	}
	p := &printer{}
	if service, ok := in.(telegraf.ServiceInput); ok {
		if err := service.Start(p); err != nil {
			return err
		}
		defer service.Stop()
	}
	if err := in.Gather(p); err != nil {
		return err
	}
	return p.failed
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: telegraf INPUT ADDRESS [POOL...]")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
