package dedicated

import "testing"

// All states, and what becomes of each upon each event. no: it must not happen.
func TestHold(t *testing.T) {
	const no = Hold(255)
	for h, row := range map[Hold][6]Hold{
		//         Waits   Watches   Unwatches Answers   Loses    Drops
		Nothing:  {Waiting, Watching, no, no, no, Nothing},
		Waiting:  {no, no, no, Nothing, Waiting, Nothing},
		Watching: {no, Watching, Ending, Watching, Broken, Nothing},
		Ending:   {no, no, no, Nothing, Ending, Nothing},
		Broken:   {no, Broken, Nothing, Broken, no, Nothing},
	} {
		for e, want := range row {
			got, ok := h.Next(Event(e))
			if ok != (want != no) || ok && got != want {
				t.Errorf("state %d, event %d: %d, %v", h, e, got, ok)
			}
		}
	}
}
