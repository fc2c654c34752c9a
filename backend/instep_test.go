package backend

import (
	"testing"

	"magent/ascii"
)

// TestValueRefused: a server that refuses a line with a value may have taken the value for commands. No reply behind
// that is trusted, even if the request was given up long before.
func TestValueRefused(t *testing.T) {
	for _, tt := range []struct {
		reply string
		shape ascii.Shape
		lost  bool
	}{
		{"ERROR\r\n", ascii.ShapeLine, true},
		{"CLIENT_ERROR bad command line format\r\n", ascii.ShapeLine, true},
		{"CLIENT_ERROR invalid flag\r\n", ascii.ShapeMeta, true},
		{"SERVER_ERROR object too large for cache\r\n", ascii.ShapeLine, false},
		{"NOT_STORED\r\n", ascii.ShapeLine, false},
		{"EX\r\n", ascii.ShapeMeta, false},
	} {
		t.Run(tt.reply, func(t *testing.T) {
			r := newRig(t, "tcp", Options{})
			p := r.connect()
			r.do(func() {
				r.c.Send([]byte("set a 0 0 9\r\n"), []byte("flush_all\r\n"), tt.shape, r, 0)
				r.c.Send([]byte("get b\r\n"), nil, ascii.ShapeValues, r, 1)
			})
			p.expect("set a 0 0 9\r\nflush_all\r\nget b\r\n")
			p.send(tt.reply + "END\r\n")
			if !tt.lost {
				r.want("0 "+tt.reply[:len(tt.reply)-2]+"|", "1 END|")
				r.quiet()
				return
			}
			r.want("disconnected: "+ErrValueRefused.Error()+", idle: false", "0 lost", "1 lost")
		})
	}
}

// TestLineRefused: a command without a value may be refused, as nothing behind it can be taken for a command.
func TestLineRefused(t *testing.T) {
	r := newRig(t, "tcp", Options{})
	p := r.connect()
	r.send(ascii.ShapeLine, "delete a\r\n", "incr b 1\r\n")
	p.expect("delete a\r\nincr b 1\r\n")
	p.send("ERROR\r\nCLIENT_ERROR cannot increment or decrement non-numeric value\r\n")
	r.want("0 ERROR|", "1 CLIENT_ERROR cannot increment or decrement non-numeric value|")
	r.quiet()
}

// TestWrongKey: a reply with another key than was asked for belongs to another request.
func TestWrongKey(t *testing.T) {
	gets := func(r *rig) { r.c.Gets([]byte("a"), r, 0) }
	get := func(r *rig) { r.c.Get([]byte("a"), r, 0) } // MaxJoint is 0
	meta := func(r *rig) {
		r.c.Send([]byte("mg a k v\r\n"), nil, ascii.ShapeMeta, r, 0)
		r.c.Expect([]byte("a"))
	}
	for _, tt := range []struct {
		ask         func(r *rig)
		line, reply string
		right       bool
	}{
		{gets, "gets a\r\n", "VALUE a 0 1 7\r\nx\r\nEND\r\n", true},
		{gets, "gets a\r\n", "END\r\n", true},
		{gets, "gets a\r\n", "SERVER_ERROR x\r\n", true},
		{gets, "gets a\r\n", "VALUE b 0 1 7\r\nx\r\nEND\r\n", false},
		{gets, "gets a\r\n", "VALUE a 0 1 7\r\nx\r\nVALUE a 0 1 7\r\nx\r\nEND\r\n", false},
		{get, "get a\r\n", "VALUE a 0 1\r\nx\r\nEND\r\n", true},
		{get, "get a\r\n", "VALUE aa 0 1\r\nx\r\nEND\r\n", false},
		{meta, "mg a k v\r\n", "VA 1 ka\r\nx\r\n", true},
		{meta, "mg a k v\r\n", "VA 1 kYQ== b\r\nx\r\n", true}, // it was stored in base64
		{meta, "mg a k v\r\n", "EN\r\n", true},
		{meta, "mg a k v\r\n", "HD\r\n", true},
		{meta, "mg a k v\r\n", "VA 1 kb\r\nx\r\n", false},
		{meta, "mg a k v\r\n", "VA 1 kYg== b\r\nx\r\n", false},
		{meta, "mg a k v\r\n", "NF Oka kb\r\n", false},
	} {
		t.Run(tt.reply, func(t *testing.T) {
			r := newRig(t, "tcp", Options{})
			p := r.connect()
			r.do(func() {
				tt.ask(r)
				r.c.Send([]byte("delete b\r\n"), nil, ascii.ShapeLine, r, 1)
			})
			p.expect(tt.line + "delete b\r\n")
			p.send(tt.reply + "DELETED\r\n")
			if !tt.right {
				r.want("disconnected: "+ErrWrongKey.Error()+", idle: false", "0 lost", "1 lost")
				return
			}
			<-r.events
			r.want("1 DELETED|")
			r.quiet()
		})
	}
}
