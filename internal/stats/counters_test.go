package stats

import (
	"fmt"
	"reflect"
	"testing"
	"time"
)

// number gives every number in a struct, and in the structs inside it, a different value.
func number(v reflect.Value, from int64) {
	switch v.Kind() {
	case reflect.Int, reflect.Int64:
		v.SetInt(from)
	case reflect.Uint64:
		v.SetUint(uint64(from))
	case reflect.Struct:
		for i := range v.NumField() {
			number(v.Field(i), from+int64(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			number(v.Index(i), from+int64(i))
		}
	}
}

// notDoubled lists the numbers that are not twice the value from number, plus one. Fields in skip are left out.
func notDoubled(v reflect.Value, from int64, at string, skip map[string]bool) (wrong []string) {
	switch v.Kind() {
	case reflect.Int, reflect.Int64, reflect.Uint64:
		if got := v.Convert(reflect.TypeFor[int64]()).Int(); got != 2*from+1 {
			return []string{fmt.Sprintf("%s: %d, want %d", at, got, 2*from+1)}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if name := v.Type().Field(i).Name; !skip[name] {
				wrong = append(wrong, notDoubled(v.Field(i), from+int64(i), at+"."+name, skip)...)
			}
		}
	case reflect.Array:
		for i := range v.Len() {
			wrong = append(wrong, notDoubled(v.Index(i), from+int64(i), fmt.Sprintf("%s[%d]", at, i), skip)...)
		}
	}
	return wrong
}

func TestCountersAddCoversEveryField(t *testing.T) {
	var a, b Counters
	number(reflect.ValueOf(&a).Elem(), 1000)
	number(reflect.ValueOf(&b).Elem(), 1001)
	a.Add(&b)
	for _, wrong := range notDoubled(reflect.ValueOf(a), 1000, "Counters", nil) {
		t.Error(wrong)
	}
}

// All figures of a server are sums except for these, which have tests below.
var notSummed = map[string]bool{
	"Latency": true, "RefillLeft": true, "EjectedAt": true, "Since": true, "Weight": true, "Needed": true,
	"Check": true,
}

func TestServerAddCoversEveryField(t *testing.T) {
	a := Server{Pool: "p", Address: "a:1", Role: "backup", State: "up"}
	b := Server{Pool: "p", Address: "a:1", Role: "backup", State: "up", LastError: "refused"}
	number(reflect.ValueOf(&a).Elem(), 1000)
	number(reflect.ValueOf(&b).Elem(), 1001)
	s := Snapshot{ActiveRequests: 3, Servers: []Server{a}}
	s.Add(&Snapshot{ActiveRequests: 4, Servers: []Server{b}})
	if s.ActiveRequests != 7 {
		t.Errorf("ActiveRequests: %d, want 7", s.ActiveRequests)
	}
	for _, wrong := range notDoubled(reflect.ValueOf(s.Servers[0]), 1000, "Server", notSummed) {
		t.Error(wrong)
	}
	if got := s.Servers[0]; got.Pool != "p" || got.Address != "a:1" || got.Role != "backup" ||
		got.LastError != "refused" {
		t.Errorf("texts: %+v", got)
	}
}

func TestServerAddTakesTheWorstState(t *testing.T) {
	for _, c := range []struct{ a, b, want string }{
		{"up", "up", "up"},
		{"up", "ejected", "ejected"},
		{"ejected", "up", "ejected"},
		{"ejected", "ejected", "ejected"},
		{"up", "", "up"},
		{"", "up", "up"},
		{"", "ejected", "ejected"},
		{"ejected", "", "ejected"},
	} {
		s := Server{State: c.a}
		s.Add(&Server{State: c.b})
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
		if s.Add(&c.b); s.Latency != c.want {
			t.Errorf("%+v and %+v: %d, want %d", c.a, c.b, s.Latency, c.want)
		}
	}
}

// TestSnapshotAddCopiesTheFirst: the first snapshot that is added brings its servers along, as a copy.
func TestSnapshotAddCopiesTheFirst(t *testing.T) {
	o := &Snapshot{Servers: []Server{{Address: "a:1", Requests: 1, State: "up"}}}
	var sum Snapshot
	sum.Add(o)
	sum.Add(o)
	if sum.Servers[0].Requests != 2 || o.Servers[0].Requests != 1 {
		t.Errorf("sum %d, its source %d; want 2 and 1", sum.Servers[0].Requests, o.Servers[0].Requests)
	}
}
