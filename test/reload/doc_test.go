// Package reload changes the pools of a running magent while clients work.
package reload
