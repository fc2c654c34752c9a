// Package top shows the state of a running magent, on a terminal or as text, for magent top and magent status.
package top
