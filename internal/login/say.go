package login

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// What a memcached is told that was started with -Y: the same set that clients send (Guard).

// ErrDenied: the server does not accept the user and the password that it was told.
var ErrDenied = errors.New("the server does not accept the user and the password of --server-auth-file")

// key is the name of the set. A memcached without -Y stores it under this name, for a moment.
const key = "magent.server-auth"

// Forget removes what a memcached without -Y has stored. It has no reply.
const Forget = "delete " + key + " noreply\r\n"

// AppendSet appends the set that says the first user and its password. The item has expired when it is stored, so that
// a memcached that wants no password keeps no readable copy.
func (u *Users) AppendSet(dst []byte) []byte {
	dst = append(dst, "set "+key+" 0 -1 "...)
	dst = strconv.AppendInt(dst, int64(len(u.name)+1+len(u.password)), 10)
	dst = append(append(append(dst, "\r\n"...), u.name...), ' ')
	return append(append(dst, u.password...), "\r\n"...)
}

// Sayable returns an error if the first user or its password has a blank, which ends a word.
func (u *Users) Sayable() error {
	if bytes.IndexByte([]byte(u.name+u.password), ' ') >= 0 {
		return errors.New("the first user or its password has a blank, and so cannot be told to a memcached")
	}
	return nil
}

// Answer judges a server's answer to the set. Who wants no password may lack the memory to store it.
func Answer(line []byte) error {
	line = bytes.TrimRight(line, "\r\n")
	switch {
	case string(line) == "STORED", bytes.HasPrefix(line, []byte("SERVER_ERROR")):
		return nil
	case bytes.HasPrefix(line, []byte("CLIENT_ERROR")):
		return ErrDenied
	}
	return fmt.Errorf("the server answers a password with %.100q", line)
}

// maxAnswer is how many bytes an answer may have.
const maxAnswer = 1024

// Say tells the server at the other end of a new connection the user and the password, and reads the answer, within
// limit. If there is no file it does nothing. The connection is closed when ctx is done.
func (f *File) Say(ctx context.Context, conn net.Conn, limit time.Duration) error {
	if f == nil {
		return nil
	}
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	if err := conn.SetDeadline(time.Now().Add(limit)); err != nil {
		return err
	}
	line, err := ask(conn, f.Users().AppendSet(nil))
	if err == nil {
		err = Answer(line)
	}
	if err == nil { // waited for, because a memcached lists its keys only if no command is pending before that
		_, err = ask(conn, []byte("delete "+key+"\r\n"))
	}
	if err != nil {
		return err
	}
	return conn.SetDeadline(time.Time{})
}

// ask sends a request, and returns the line of the answer. What follows it is left to others.
func ask(conn net.Conn, request []byte) (line []byte, err error) {
	if _, err := conn.Write(request); err != nil {
		return nil, err
	}
	for one := make([]byte, 1); !bytes.HasSuffix(line, []byte{'\n'}) && len(line) < maxAnswer; {
		if _, err := io.ReadFull(conn, one); err != nil {
			return nil, err
		}
		line = append(line, one...)
	}
	return line, nil
}
