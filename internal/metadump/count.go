package metadump

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Count returns how many items a server holds, including expired ones that are not removed yet.
func Count(ctx context.Context, dial Dialer) (int64, error) {
	conn, end, err := connect(ctx, dial)
	if err != nil {
		return 0, err
	}
	defer end()
	if _, err := io.WriteString(conn, "stats\r\n"); err != nil {
		return 0, err
	}
	in := bufio.NewReaderSize(conn, lineRoom)
	for range maxStats {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return 0, fmt.Errorf("stats: %w", err)
		}
		text := strings.TrimSpace(string(line))
		if n, found := strings.CutPrefix(text, "STAT curr_items "); found {
			return strconv.ParseInt(n, 10, 64)
		}
		if !strings.HasPrefix(text, "STAT ") {
			return 0, fmt.Errorf("no curr_items in stats: %w", refusal([]byte(text)))
		}
	}
	return 0, fmt.Errorf("no curr_items in stats, which goes on after %d lines", maxStats)
}

// maxStats bounds the lines of a reply to stats. memcached's has about 100.
const maxStats = 10_000
