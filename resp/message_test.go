package resp

import "testing"

func TestMessage(t *testing.T) {
	for element, want := range map[string][2]string{
		"*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nx\r\n":             {"message", "a"},
		">3\r\n$7\r\nmessage\r\n$0\r\n\r\n$1\r\nx\r\n":              {"message", ""},
		">3\r\n$8\r\nsmessage\r\n$2\r\nab\r\n$1\r\nx\r\n":           {"smessage", "ab"},
		"*4\r\n$8\r\npmessage\r\n$1\r\n*\r\n$1\r\na\r\n$1\r\nx\r\n": {"pmessage", "*"},
		"*4\r\n$7\r\nmessage\r\n$1\r\n*\r\n$1\r\na\r\n$1\r\nx\r\n":  {},
		"*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n":                {},
		"*2\r\n$4\r\npong\r\n$0\r\n\r\n":                            {},
		"*3\r\n:1\r\n:2\r\n:3\r\n":                                  {},
		"*0\r\n":                                                    {},
		"*-1\r\n":                                                   {},
		">3\r\n":                                                    {},
		"-ERR x\r\n":                                                {},
		"":                                                          {},
	} {
		kind, name, _ := Message([]byte(element))
		if got := [2]string{kind, string(name)}; got != want || IsMessage([]byte(element)) != (want[0] != "") {
			t.Errorf("%q: %q, want %q", element, got, want)
		}
	}
}
