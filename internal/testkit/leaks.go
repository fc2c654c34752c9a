package testkit

import (
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// Main is the TestMain of a package whose tests leave no goroutine behind. after is called when they have ended.
func Main(m *testing.M, after ...func()) {
	code := m.Run()
	for _, do := range after {
		do()
	}
	if code == 0 {
		if err := Leaks(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// Leaks returns an error with the goroutines that are left. One that is just ending has Patience for that: goleak
// itself waits less than half a second, and a thread may get no processor for longer.
func Leaks(but ...goleak.Option) error {
	for limit := time.Now().Add(Patience); ; {
		err := goleak.Find(but...)
		if err == nil || time.Now().After(limit) {
			return err
		}
	}
}
