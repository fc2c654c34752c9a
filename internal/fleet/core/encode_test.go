package core

import (
	"reflect"
	"strings"
	"testing"

	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"magent/internal/fleet/view"
)

// messages has one of each kind, with all fields.
func messages() []Message {
	why := "a has other pools"
	return []Message{
		{Hello: &Hello{
			Serial: 1, Voter: 1<<63 - 1, Epoch: 3, Known: true, Oldest: 1, Newest: 2, Pools: []byte{0, 255},
			Told: []uint64{1<<63 - 2}, Conf: []uint64{7, 9},
			Hears: []uint64{},
		}},
		{Raft: &raftpb.Message{
			Type: raftpb.MsgApp.Enum(), To: new(uint64(1)), From: new(uint64(2)), Term: new(uint64(3)),
			Entries: []*raftpb.Entry{{Term: new(uint64(3)), Index: new(uint64(4)), Data: []byte("x\x00")}},
		}},
		{Renew: &Renew{Sent: 1, Known: 2, Incarnation: 3, Life: 4}},
		{Grant: &Renew{Sent: 1, Known: 2, Incarnation: 3, Life: 4, Voter: 5}},
		{Records: &Records{Base: 1, First: 2, Records: []Record{
			{Kind: Lost, Group: "g", Server: "s", Address: "a", Name: "n", Incarnation: 1, Life: 2},
			{Kind: Knowledge, Group: "g", Epoch: 3, Clears: true, Data: []byte{0, 1, 2}},
		}}},
		{Kept: &Kept{Incarnation: 1, Seq: 2}},
		{Refused: &why},
	}
}

// What is sent is what comes, whatever a newer version adds.
func TestMessages(t *testing.T) {
	for _, m := range messages() {
		m.Generation, m.Incarnation = view.Generation{Number: 1, ID: 1<<63 + 5}, 1<<62+1
		text, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		newer := strings.Replace(string(text), "{", `{"added":{"later":1},`, 1)
		for _, text := range []string{string(text), newer} {
			got, err := ParseMessage([]byte(text))
			if err != nil || !proto.Equal(got.Raft, m.Raft) {
				t.Errorf("%s: %v, %v", text, got.Raft, err)
			}
			want := m
			got.Raft, want.Raft = nil, nil
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s\ngot  %+v\nwant %+v", text, got, want)
			}
		}
	}
}

// A member that hears nobody says so. One of an older version says nothing of it.
func TestHearsNobody(t *testing.T) {
	for text, silent := range map[string]bool{`{"hello":{"hears":[]}}`: false, `{"hello":{}}`: true} {
		if m, err := ParseMessage([]byte(text)); err != nil || (m.Hello.Hears == nil) != silent {
			t.Errorf("%s: %v, %v", text, m.Hello, err)
		}
	}
}

func TestForeignMessages(t *testing.T) {
	for _, text := range []string{
		"", "{", `[]`, `{"raft":"//8="}`, `{"raft":7}`, `{"kept":{},"grant":{}}`, `{"records":{"records":7}}`,
	} {
		if m, err := ParseMessage([]byte(text)); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %+v, %v", text, m, err)
		}
	}
}

func FuzzParseMessage(f *testing.F) {
	for _, m := range messages() {
		text, err := m.Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := ParseMessage(text)
		if err != nil {
			return
		}
		if _, err := m.Encode(); err != nil {
			t.Error(err)
		}
	})
}
