package top

import (
	"os"
	"strings"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// terminal is a screen that is redrawn, and restored at the end.
type terminal struct {
	screen *os.File
	keys   int           // descriptor of the keyboard
	before *unix.Termios // the old mode of the keyboard; nil: there is none
}

// openTerminal switches to the alternate screen. Typed keys are neither echoed nor buffered by line. Ctrl-C still is
// a signal. Ctrl-Z is ignored, because the screen would stay as it is.
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

// restore undoes openTerminal, and discards what was typed meanwhile.
func (t *terminal) restore() {
	_, _ = t.screen.WriteString("\x1b[?25h\x1b[?1049l")
	if t.before != nil {
		_ = unix.IoctlSetTermios(t.keys, unix.TCSETSF, t.before)
	}
}

// draw replaces the contents of the screen without flicker.
func (t *terminal) draw(text string) {
	_, _ = t.screen.WriteString("\x1b[H" + strings.ReplaceAll(text, "\n", "\x1b[K\r\n") + "\x1b[J")
}

// size returns the size of the screen, in characters.
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
	n, _ := unix.Read(t.keys, keys) // does not wait, because VMIN is 0
	return n > 0 && strings.ContainsAny(string(keys[:n]), "qQ")
}
