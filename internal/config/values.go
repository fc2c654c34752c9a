package config

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Parsers for the text of one setting. Their errors hold the value and the remedy; the caller adds
// the name of the setting.

// ParseSize parses a number of bytes such as "1048576", "512k", "1m" or "1g" (powers of 1024),
// from minimum to maximum.
func ParseSize(s string, minimum, maximum int) (int, error) {
	digits, unit := strings.ToLower(s), 1
	for suffix, factor := range map[string]int{"k": 1 << 10, "m": 1 << 20, "g": 1 << 30} {
		if cut, ok := strings.CutSuffix(digits, suffix); ok {
			digits, unit = cut, factor
			break
		}
	}
	n, err := strconv.Atoi(digits)
	if joined := withoutBlanks(s); err != nil && joined != s {
		if _, err := ParseSize(joined, 0, math.MaxInt); err == nil {
			return 0, fmt.Errorf("%q has a blank before its unit: write %s", s, joined)
		}
	}
	if err != nil || strings.HasPrefix(digits, "+") {
		return 0, fmt.Errorf("%q is not a size: write bytes, or a number with k, m or g behind it, such as 1m", s)
	}
	if n > maximum/unit || n*unit < minimum {
		return 0, fmt.Errorf("%q is out of range: give a size from %s to %s", s, formatSize(minimum),
			formatSize(maximum))
	}
	return n * unit, nil
}

func formatSize(n int) string {
	for i := 3; i > 0; i-- {
		if unit := 1 << (10 * i); n >= unit && n%unit == 0 {
			return strconv.Itoa(n/unit) + string(" kmg"[i])
		}
	}
	return strconv.Itoa(n)
}

// ParseInt parses a whole number from minimum to maximum.
func ParseInt(s string, minimum, maximum int) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0, fmt.Errorf("%q is not a number: give one from %d to %d", s, minimum, maximum)
	}
	if n < minimum || n > maximum {
		return 0, fmt.Errorf("%s is out of range: give a number from %d to %d", s, minimum, maximum)
	}
	return n, nil
}

// ParseDuration parses a time such as "500ms" or "1.5s", from minimum to maximum.
func ParseDuration(s string, minimum, maximum time.Duration) (time.Duration, error) {
	if _, err := strconv.ParseFloat(s, 64); err == nil && s != "0" {
		return 0, fmt.Errorf("%q has no unit: write %sms or %ss", s, s, s)
	}
	d, err := time.ParseDuration(s)
	if joined := withoutBlanks(s); err != nil && joined != s {
		if _, err := time.ParseDuration(joined); err == nil {
			return 0, fmt.Errorf("%q has a blank before its unit: write %s", s, joined)
		}
	}
	if err != nil {
		return 0, fmt.Errorf("%q is not a time: write a number and a unit, such as 500ms or 2s", s)
	}
	if d < minimum || d > maximum {
		return 0, fmt.Errorf("%s is out of range: give a time from %v to %v", s, minimum, maximum)
	}
	return d, nil
}

func withoutBlanks(s string) string { return strings.Join(strings.Fields(s), "") }

// ParseMode parses the permission bits of a file in octal, such as "0700" or "770".
func ParseMode(s string) (uint32, error) {
	n, err := strconv.ParseUint(s, 8, 32)
	if err != nil || n > 0o777 {
		return 0, fmt.Errorf("%q is not a file mode: give octal digits from 0 to 0777, such as 0770", s)
	}
	return uint32(n), nil
}

// ParseChoice returns s if it is one of names.
func ParseChoice(s string, names []string) (string, error) {
	if slices.Contains(names, s) {
		return s, nil
	}
	if near := Nearest(strings.ToLower(s), names); near != "" {
		return "", fmt.Errorf("%q is unknown: did you mean %s? (known: %s)", s, near, strings.Join(names, ", "))
	}
	return "", fmt.Errorf("%q is unknown: choose one of %s", s, strings.Join(names, ", "))
}

// ParseAck parses the name of an Ack.
func ParseAck(s string) (Ack, error) {
	name, err := ParseChoice(s, []string{string(AckAll), string(AckPrimary)})
	return Ack(name), err
}

// SplitList splits each value at its commas, and returns all parts without surrounding blanks.
func SplitList(values []string) []string {
	var parts []string
	for _, value := range values {
		for _, part := range strings.Split(value, ",") {
			if part = strings.TrimSpace(part); part != "" {
				parts = append(parts, part)
			}
		}
	}
	return parts
}

// ParseIP parses an IP address.
func ParseIP(s string) (netip.Addr, error) {
	addr, err := netip.ParseAddr(s)
	if err != nil {
		return addr, fmt.Errorf("%q is not an IP address: write one such as 10.0.0.100", s)
	}
	return addr, nil
}

// ParseFleetAlone reads the value of --fleet-alone.
func ParseFleetAlone(text string) (FleetAlone, error) {
	choice, err := ParseChoice(text, []string{string(AloneProven), string(AloneVIP), string(AloneAlways)})
	return FleetAlone(choice), err
}
