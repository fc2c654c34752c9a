// Package control has the commands that a running magent takes by its unix socket: what they are, how a process of its
// own asks for them, and how the running one answers. The socket has the pages of package admin as well.
package control
