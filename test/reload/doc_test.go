// Package reload changes the pools of a running magent under the eyes of its clients.
package reload
