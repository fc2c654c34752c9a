// Package order shows that a primary and its backup see the mutations of a key in the same order: when many clients
// race for the same keys and then stop, both servers hold the same.
package order

import (
	"testing"

	"magent/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }
