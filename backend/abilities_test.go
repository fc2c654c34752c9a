package backend

import (
	"strings"
	"testing"

	"magent/ascii"
	"magent/backend/hello"
)

// Answers of servers to a Question. hasFull, and hasOld to the second one, mean that the server has the form; the
// others mean that it has not.
const (
	hasFull  = "NF\r\nVERSION 1.6.18\r\n"
	hasOld   = "NF \r\nVERSION 1.6.9\r\n"
	refused  = "CLIENT_ERROR invalid flag\r\nMN\r\nVERSION 1.6.9\r\n"
	unheard  = "ERROR\r\nERROR\r\nVERSION 1.4.39\r\n"
	early15  = "CLIENT_ERROR invalid or duplicate flag\r\nEN\r\nVERSION 1.5.22\r\n"
	nothing3 = "ERROR\r\nERROR\r\nERROR\r\n" // not even a version
)

// TestReadAnswer goes through what eight versions of memcached answer, as a whole and in two pieces at each place.
func TestReadAnswer(t *testing.T) {
	for data, has := range map[string]bool{
		hasFull: true, hasOld: true,
		"EX\r\nVERSION 1.6.18\r\n":                                        true, // there is an item of that name
		"NF  kmagent:probe\r\nVERSION 1.6.12\r\n":                         true,
		"SERVER_ERROR out of memory storing object\r\nVERSION 1.6.18\r\n": true,
		refused: false, unheard: false, early15: false, nothing3: false,
		"CLIENT_ERROR bad command line format\r\nMN\r\nVERSION 1.6.45\r\n": false,
		// It swallows the body of a command that it does not know
		"ERROR\r\nVERSION 7\r\n":                          false,
		"CLIENT_ERROR invalid flag\r\nVERSION 1.6.18\r\n": true, // no E flag
		"SERVER_ERRORS\r\nVERSION 7\r\n":                  false,
		"NFS\r\nVERSION 7\r\n":                            false,
		"NF\r\nMN\r\nVERSION 7\r\n":                       false,
		"VERSION 7\r\n":                                   false,
		"\nVERSION 7\r\n":                                 false,
	} {
		if got, flags, whole, ok := hello.ReadAnswer([]byte(data)); got != has || flags != (has && data[0] != 'C') ||
			!whole || !ok {
			t.Errorf("%q: has it %v, whole %v, ok %v", data, got, whole, ok)
		}
		for i := range data {
			if _, _, whole, ok := hello.ReadAnswer([]byte(data[:i])); whole || !ok {
				t.Errorf("%q: whole %v, ok %v", data[:i], whole, ok)
			}
		}
		if _, _, _, ok := hello.ReadAnswer([]byte(data + "x")); ok {
			t.Errorf("%q and more: ok", data)
		}
	}
	if _, _, _, ok := hello.ReadAnswer([]byte(strings.Repeat("x", 4<<10+1))); ok {
		t.Error("an answer without an end")
	}
}

// TestConnAsksForMetaCommands checks that the form is found by trying one after the other, whatever
// version the server reports.
func TestConnAsksForMetaCommands(t *testing.T) {
	for _, tt := range []struct {
		first, second string
		want          hello.MetaForm
	}{
		{hasFull, "", hello.FullMeta},
		{refused, hasOld, hello.OldMeta},
		{unheard, unheard, hello.NoMeta},
		{early15, early15, hello.NoMeta},
		{nothing3, nothing3, hello.NoMeta},
	} {
		for _, version := range []string{"1.4.39", "1.6.45"} {
			r, p := greeted(t, Options{})
			p.introduces(statsOf("7", version))
			p.send(tt.first)
			if tt.second != "" {
				p.expect(hello.OldMeta.Question())
				p.send(tt.second)
			}
			r.want("connected")
			p.expect("a\r\n")
			if got := r.c.Meta(); got != tt.want {
				t.Errorf("%q, %q: %v, want %v", tt.first, tt.second, got, tt.want)
			}
		}
	}
}

// TestConnClosedOverTheQuestion: after a server has closed two connections over the question, it is connected to
// without the question, and counts as one without meta commands. At the next connect it is asked again.
func TestConnClosedOverTheQuestion(t *testing.T) {
	for _, said := range []string{"", "NF\r\n"} {
		r := newRig(t, "tcp", Options{Knock: true})
		closesOverIt := func() {
			p := r.accept()
			p.expect("version\r\n")
			p.introduces("VERSION 0.5\r\n")
			p.send(said)
			p.c.Close()
		}
		r.do(r.c.Connect)
		r.send(ascii.ShapeLine, "a\r\n")
		closesOverIt()
		closesOverIt()
		p := r.accept()
		p.expect("version\r\n")
		p.send("VERSION 0.5\r\n")
		r.want("connected")
		p.expect("a\r\n")
		p.send("STORED\r\n")
		r.want("0 STORED|")
		if got := r.c.Meta(); got != hello.NoMeta {
			t.Errorf("meta commands: %v", got)
		}
		p.c.Close()
		r.want("disconnected: " + ErrClosed.Error() + ", idle: true")
		r.do(r.c.Connect)
		closesOverIt()
		closesOverIt()
		p = r.accept()
		p.expect("version\r\n")
		p.c.Close()
		r.want("disconnected: " + ErrClosed.Error() + ", idle: false")
		r.quiet()
	}
}

// TestConnBreaksOverTheQuestion: a connection that breaks during the question does not make the server count as one
// without meta commands. Nothing could be copied to it then.
func TestConnBreaksOverTheQuestion(t *testing.T) {
	const stats = "STAT pid 1\r\nSTAT time 9\r\nSTAT uptime 1\r\nEND\r\n"
	r := newRig(t, "tcp", Options{Greet: true})
	r.do(r.c.Connect)
	p := r.accept()
	p.expect("stats\r\n")
	p.introduces(stats)
	p.c.Close()
	p = r.accept()
	p.expect("stats\r\n")
	p.introduces(stats)
	p.send(hasFull)
	r.want("connected")
	if got := r.c.Meta(); got != hello.FullMeta {
		t.Errorf("meta commands: %v", got)
	}
	p.c.Close()
	r.want("disconnected: " + ErrClosed.Error() + ", idle: false")
	r.do(r.c.Connect)
	for range 3 { // before it has introduced itself, so this is not an answer to the question
		p = r.accept()
		p.expect("stats\r\n")
		p.c.Close()
		r.want("disconnected: " + ErrClosed.Error() + ", idle: false")
		r.do(r.c.Connect)
	}
	p = r.accept()
	p.expect("stats\r\n")
	p.c.Close()
	r.want("disconnected: " + ErrClosed.Error() + ", idle: false")
	r.quiet()
}

const lacking = "SERVER_ERROR server: it lacks the meta commands of memcached 1.6.10 and later|"

// TestConnWithholdsMetaCommands: requests collected while connecting, or sent later, do not reach a server that
// cannot read them. It would execute the body of an ms. They are refused in their turn.
func TestConnWithholdsMetaCommands(t *testing.T) {
	for _, tt := range []struct {
		first, second string
		lacks         ascii.Shape
		has           ascii.Shape
	}{
		{unheard, unheard, ascii.ShapeMeta, ascii.ShapeLine},
		{refused, hasOld, ascii.ShapeMeta, ascii.ShapeOldMeta},
		{hasFull, "", ascii.ShapeOldMeta, ascii.ShapeMeta},
	} {
		r := newRig(t, "tcp", Options{Greet: true})
		r.do(r.c.Connect)
		r.do(func() {
			r.c.Send([]byte("set a 0 0 1\r\n"), []byte("1\r\n"), ascii.ShapeLine, r, 0)
			r.c.Send([]byte("ms a 11\r\n"), []byte("flush_all\r\n\r\n"), tt.lacks, r, 1)
			r.c.Send([]byte("b\r\n"), nil, tt.has, r, 2)
			r.c.Send([]byte("mg a\r\n"), nil, tt.lacks, r, 3)
		})
		p := r.accept()
		p.expect("stats\r\n")
		p.introduces(statsOf("7", "1.6.18"))
		p.send(tt.first)
		if tt.second != "" {
			p.expect(hello.OldMeta.Question())
			p.send(tt.second)
		}
		r.want("connected")
		p.expect("set a 0 0 1\r\n1\r\nversion\r\nb\r\nversion\r\n")
		r.do(func() {
			r.c.Send([]byte("ms a 11\r\n"), []byte("flush_all\r\n\r\n"), tt.lacks, r, 4)
			r.c.Send([]byte("c\r\n"), nil, tt.has, r, 5)
			if !r.c.Lacks(tt.lacks) || r.c.Lacks(tt.has) {
				t.Errorf("lacks %v and %v", r.c.Lacks(tt.lacks), r.c.Lacks(tt.has))
			}
		})
		p.expect("version\r\nc\r\n")
		p.send("STORED\r\nVERSION 1\r\nERROR\r\nVERSION 1\r\nVERSION 1\r\nERROR\r\n")
		r.want("0 STORED|", "1 "+lacking, "2 ERROR|", "3 "+lacking, "4 "+lacking, "5 ERROR|")
		r.quiet()
	}
}

// TestConnAsksAtEachConnect: a server that is replaced by an older one is asked again.
func TestConnAsksAtEachConnect(t *testing.T) {
	r, p := greeted(t, Options{})
	p.introduces(statsOf("7", "1"))
	p.send(hasFull)
	r.want("connected")
	p.expect("a\r\n")
	p.send("OK\r\n")
	r.want("0 OK|")
	p.c.Close()
	r.want("disconnected: " + ErrClosed.Error() + ", idle: true")
	r.do(r.c.Connect)
	r.send(ascii.ShapeMeta, "mg a\r\n")
	p = r.accept()
	p.expect("stats\r\n")
	p.introduces(statsOf("7", "1"))
	p.send(unheard)
	p.expect(hello.OldMeta.Question())
	p.send(unheard)
	r.want("connected")
	p.expect("version\r\n")
	p.send("VERSION 1\r\n")
	r.want("0 " + lacking)
}

// TestConnWithoutTheTokenFlag: a server that has the meta commands, but not the E flag of ms, refuses that flag. An
// ms with it does not reach the server then.
func TestConnWithoutTheTokenFlag(t *testing.T) {
	for said, lacks := range map[string]bool{"CLIENT_ERROR invalid flag\r\nVERSION 1.6.18\r\n": true, hasFull: false} {
		r, p := greeted(t, Options{})
		p.introduces(statsOf("7", "1"))
		p.send(said)
		r.want("connected")
		p.expect("a\r\n")
		p.send("OK\r\n")
		r.want("0 OK|")
		r.do(func() { r.c.Send([]byte("ms a 9 E5\r\n"), []byte("flush_all\r\n"), ascii.ShapeTokenMeta, r, 1) })
		r.send(ascii.ShapeMeta, "ms a 0\r\n\r\n")
		if lacks {
			p.expect("version\r\nms a 0\r\n\r\n")
			p.send("VERSION 1\r\nHD\r\n")
			r.want("1 SERVER_ERROR server: "+ErrNoToken.Error()+"|", "0 HD|")
		} else {
			p.expect("ms a 9 E5\r\nflush_all\r\nms a 0\r\n\r\n")
			p.send("HD\r\nHD\r\n")
			r.want("1 HD|", "0 HD|")
		}
		r.quiet()
	}
}
