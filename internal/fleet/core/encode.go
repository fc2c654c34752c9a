package core

import (
	"encoding/json"
	"fmt"

	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"
)

// wire is the form of a message between members. A version ignores fields that it does not know, and fields that are
// missing are empty. So a version may add fields. It must keep those on which the previous version relies.
type wire struct {
	*Message
	Raft []byte `json:"raft,omitempty"` // raftpb.Message
}

// Encode is the form of a message on a link.
func (m *Message) Encode() ([]byte, error) {
	w := wire{Message: m}
	if m.Raft != nil {
		var err error
		if w.Raft, err = proto.Marshal(m.Raft); err != nil {
			return nil, err
		}
	}
	return json.Marshal(w)
}

// ParseMessage reads a message that a member has sent. It shares nothing with text. An error means that the link
// cannot be believed any more.
func ParseMessage(text []byte) (m Message, err error) {
	w := wire{Message: &m}
	if err := json.Unmarshal(text, &w); err != nil {
		return Message{}, fmt.Errorf("a message between members: %w", err)
	}
	if len(w.Raft) > 0 {
		m.Raft = &raftpb.Message{}
		if err := proto.Unmarshal(w.Raft, m.Raft); err != nil {
			return Message{}, fmt.Errorf("a message between members: %w", err)
		}
	}
	kinds := 0
	for _, set := range []bool{
		m.Hello != nil, m.Raft != nil, m.Renew != nil, m.Grant != nil, m.Records != nil, m.Kept != nil,
		m.Refused != nil,
	} {
		if set {
			kinds++
		}
	}
	if kinds > 1 {
		return Message{}, fmt.Errorf("a message between members: it is %d messages", kinds)
	}
	return m, nil
}
