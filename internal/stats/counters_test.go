package stats

import (
	"reflect"
	"testing"
	"time"
)

// number fills every field of a struct of numbers with a value of its own.
func number(v reflect.Value, from int64) {
	for i := range v.NumField() {
		f := v.Field(i)
		switch f.Kind() {
		case reflect.Int, reflect.Int64:
			f.SetInt(from + int64(i))
		case reflect.Uint64:
			f.SetUint(uint64(from) + uint64(i))
		}
	}
}

func TestCountersAddCoversEveryField(t *testing.T) {
	var a, b Counters
	number(reflect.ValueOf(&a).Elem(), 1000)
	number(reflect.ValueOf(&b).Elem(), 1)
	a.Add(&b)
	v := reflect.ValueOf(a)
	for i := range v.NumField() {
		want := 1001 + 2*int64(i)
		got := int64(0)
		if f := v.Field(i); f.CanInt() {
			got = f.Int()
		} else {
			got = int64(f.Uint())
		}
		if got != want {
			t.Errorf("%s: %d, want %d", v.Type().Field(i).Name, got, want)
		}
	}
}

// Every figure of a server is a sum but these, which the tests below are about.
var notSummed = map[string]bool{"Latency": true, "RefillLeft": true, "EjectedAt": true}

func TestServerAddCoversEveryField(t *testing.T) {
	a := Server{Pool: "p", Address: "a:1", Role: "backup", State: "up"}
	b := Server{Pool: "p", Address: "a:1", Role: "backup", State: "up", LastError: "refused"}
	number(reflect.ValueOf(&a).Elem(), 1000)
	number(reflect.ValueOf(&b).Elem(), 1)
	s := Snapshot{ActiveRequests: 3, Servers: []Server{a}}
	s.Add(&Snapshot{ActiveRequests: 4, Servers: []Server{b}})
	if s.ActiveRequests != 7 {
		t.Errorf("ActiveRequests: %d, want 7", s.ActiveRequests)
	}
	v := reflect.ValueOf(s.Servers[0])
	for i := range v.NumField() {
		name, f := v.Type().Field(i).Name, v.Field(i)
		if notSummed[name] || f.Kind() == reflect.String {
			continue
		}
		want, got := 1001+2*int64(i), int64(0)
		if f.CanInt() {
			got = f.Int()
		} else {
			got = int64(f.Uint())
		}
		if got != want {
			t.Errorf("%s: %d, want %d", name, got, want)
		}
	}
	if got := s.Servers[0]; got.Pool != "p" || got.Address != "a:1" || got.Role != "backup" || got.LastError != "refused" {
		t.Errorf("texts: %+v", got)
	}
}

func TestServerAddTakesTheWorstState(t *testing.T) {
	for _, c := range []struct{ a, b, want string }{
		{"up", "up", "up"}, {"up", "ejected", "ejected"}, {"ejected", "up", "ejected"}, {"ejected", "ejected", "ejected"},
	} {
		s := Server{State: c.a}
		s.add(&Server{State: c.b})
		if s.State != c.want {
			t.Errorf("%s and %s: %s, want %s", c.a, c.b, s.State, c.want)
		}
	}
}

func TestServerAddWeighsLatency(t *testing.T) {
	for _, c := range []struct {
		a, b Server
		want time.Duration
	}{
		{Server{}, Server{}, 0},
		{Server{Latency: 100, Replies: 1}, Server{}, 100},
		{Server{}, Server{Latency: 100, Replies: 1}, 100},
		{Server{Latency: 100, Replies: 3}, Server{Latency: 300, Replies: 1}, 150},
	} {
		s := c.a
		if s.add(&c.b); s.Latency != c.want {
			t.Errorf("%+v and %+v: %d, want %d", c.a, c.b, s.Latency, c.want)
		}
	}
}

// The first snapshot that is added brings its servers along, as a copy.
func TestSnapshotAddCopiesTheFirst(t *testing.T) {
	o := &Snapshot{Servers: []Server{{Address: "a:1", Requests: 1, State: "up"}}}
	var sum Snapshot
	sum.Add(o)
	sum.Add(o)
	if sum.Servers[0].Requests != 2 || o.Servers[0].Requests != 1 {
		t.Errorf("sum %d, its source %d; want 2 and 1", sum.Servers[0].Requests, o.Servers[0].Requests)
	}
}
