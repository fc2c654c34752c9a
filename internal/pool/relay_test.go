package pool

import (
	"testing"
	"time"

	"magent/internal/config"
)

// A longer lease has requests wait longer for an owner; a shorter one does not have them wait less.
func TestOwnerWaitFollowsTheLease(t *testing.T) {
	for _, tt := range []struct {
		fleet *config.Fleet
		want  time.Duration
	}{
		{nil, OwnerWait},
		{&config.Fleet{Lease: config.MinFleetLease}, OwnerWait},
		{&config.Fleet{Lease: time.Second}, OwnerWait},
		{&config.Fleet{Lease: 4 * time.Second}, 6 * time.Second},
	} {
		if got := OwnerWaitOf(tt.fleet); got != tt.want {
			t.Errorf("%+v: %v, want %v", tt.fleet, got, tt.want)
		}
	}
}
