package admin

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"time"
)

// maxRequest is what a request may have, its body aside.
const maxRequest = 16 << 10

// answer answers one request, or silence, on a connection, which ends with it.
func (s *Server) answer(c net.Conn) {
	_ = c.SetReadDeadline(time.Now().Add(silence))
	in := bufio.NewReader(io.LimitReader(c, maxRequest))
	if method, _ := in.Peek(4); !isHTTP(string(method)) {
		s.answerSilence(c)
		return
	}
	_ = c.SetDeadline(time.Now().Add(answerTime))
	request, err := http.ReadRequest(in)
	if err != nil {
		reply(c, nil, http.StatusBadRequest, "text/plain", []byte("this is no HTTP request\n"))
		return
	}
	s.answerRequest(c, request)
}

// isHTTP tells by its first four bytes whether a connection speaks HTTP.
func isHTTP(start string) bool {
	switch start {
	case "GET ", "HEAD", "POST", "PUT ", "DELE", "OPTI", "PATC":
		return true
	}
	return false
}

// answerSilence sends the bare page.
func (s *Server) answerSilence(c net.Conn) {
	page, ok := s.opt.Pages[s.opt.Silent]
	if !ok {
		return
	}
	text, err := s.text(page)
	if err != nil {
		return // there is no way to say so but the end
	}
	_ = c.SetDeadline(time.Now().Add(answerTime))
	_, _ = c.Write(text)
}

func (s *Server) answerRequest(c net.Conn, request *http.Request) {
	page, ok := s.opt.Pages[request.URL.Path]
	switch {
	case !ok:
		reply(c, request, http.StatusNotFound, "text/plain", []byte("there is no such page\n"))
		return
	case request.Method != http.MethodGet && request.Method != http.MethodHead:
		reply(c, request, http.StatusMethodNotAllowed, "text/plain", []byte("pages can only be read: GET\n"))
		return
	}
	text, err := s.text(page)
	if err != nil {
		reply(c, request, http.StatusServiceUnavailable, "text/plain", []byte(err.Error()+"\n"))
		return
	}
	reply(c, request, http.StatusOK, page.Type, text)
}

// text makes a page, within answerTime.
func (s *Server) text(page Page) ([]byte, error) {
	ctx, cancel := context.WithTimeout(s.ctx, answerTime)
	defer cancel()
	return page.Text(ctx)
}

// reply writes an HTTP response, after which the connection ends. Who does not fetch it is cut off by the deadline.
func reply(c net.Conn, request *http.Request, status int, kind string, text []byte) {
	_ = c.SetDeadline(time.Now().Add(answerTime))
	response := http.Response{
		StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, Request: request, Close: true,
		Header:        http.Header{"Content-Type": {kind}, "Cache-Control": {"no-store"}},
		ContentLength: int64(len(text)), Body: io.NopCloser(bytes.NewReader(text)),
	}
	_ = response.Write(c)
}
