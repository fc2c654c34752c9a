package replicate

import (
	"testing"

	"magent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }
