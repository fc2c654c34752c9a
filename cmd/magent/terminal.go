package main

import (
	"os"
	"strings"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// terminal is a screen that is drawn anew again and again, and leaves everything as it was.
type terminal struct {
	screen *os.File
	keys   int           // descriptor of the keyboard
	before *unix.Termios // what the keyboard was like; nil: there is none
}

// openTerminal goes to the terminal's other screen, and has keys neither shown nor collected to lines. Ctrl-C is a signal
// still; Ctrl-Z does nothing, because the screen would stay as it is.
func openTerminal(screen *os.File) *terminal {
	t := &terminal{screen: screen, keys: int(os.Stdin.Fd())}
	if mode, err := unix.IoctlGetTermios(t.keys, unix.TCGETS); err == nil {
		t.before = mode
		quiet := *mode
		quiet.Lflag &^= unix.ECHO | unix.ICANON
		quiet.Cc[unix.VSUSP], quiet.Cc[unix.VMIN], quiet.Cc[unix.VTIME] = 0, 0, 0
		_ = unix.IoctlSetTermios(t.keys, unix.TCSETS, &quiet)
	}
	_, _ = t.screen.WriteString("\x1b[?1049h\x1b[?25l")
	return t
}

// restore undoes what openTerminal did; what was typed meanwhile is thrown away.
func (t *terminal) restore() {
	_, _ = t.screen.WriteString("\x1b[?25h\x1b[?1049l")
	if t.before != nil {
		_ = unix.IoctlSetTermios(t.keys, unix.TCSETSF, t.before)
	}
}

// draw replaces what is on the screen, without a blank one in between.
func (t *terminal) draw(text string) {
	_, _ = t.screen.WriteString("\x1b[H" + strings.ReplaceAll(text, "\n", "\x1b[K\r\n") + "\x1b[J")
}

// size is that of the screen, in characters.
func (t *terminal) size() (width, height int) {
	width, height, err := term.GetSize(int(t.screen.Fd()))
	if err != nil || width <= 0 || height <= 0 {
		return 80, 24
	}
	return width, height
}

// quits reports whether q was typed.
func (t *terminal) quits() bool {
	if t.before == nil {
		return false
	}
	keys := make([]byte, 64)
	n, _ := unix.Read(t.keys, keys) // does not wait: VMIN is 0
	return n > 0 && strings.ContainsAny(string(keys[:n]), "qQ")
}
