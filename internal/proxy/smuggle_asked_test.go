package proxy

import (
	"encoding/base64"
	"math/big"
	"regexp"
	"strings"
)

// askedBy is what a client may be taken to have asked for with these bytes, in the form in which the strict server
// notes it: the contract, read a second time and written in another way than package ascii. What is refused may be in
// it; but where a value ends, and where the connection does, has to be as the contract says.
func askedBy(in string, maxValue int) (out []string) {
	for {
		line, rest, found := strings.Cut(in, "\n")
		if !found || in[0] == 0x80 {
			return out
		}
		end := "\n"
		if before, crlf := strings.CutSuffix(line, "\r"); crlf {
			line, end = before, "\r\n"
		}
		words := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' })
		if len(words) == 0 {
			in = rest
			continue
		}
		command, args := words[0], words[1:]
		if retrieval := strings.Contains(" get gets gat gats ", " "+command+" "); !retrieval &&
			len(line)+len(end) > 2048 {
			return out
		}
		meant := letters.FindString(command)
		switch strings.ToLower(meant) {
		case "set", "add", "replace", "append", "prepend", "cas", "ms":
			meant = strings.ToLower(meant)
		default:
			meant = ""
			last := len(args) - 1
			if last >= 0 && args[last] == "noreply" {
				last--
			}
			_, told := toldLength("set", args)
			if told && (numeric(args, 1, 2) || numeric(args, last-2, last-1)) && knownWord(command) == "" {
				meant = "set"
			}
		}
		if meant == "" {
			out = append(out, plainCommand(command, args)...)
			in = rest
			continue
		}
		length, told, valid := 0, false, false
		if meant == command && !control.MatchString(line) {
			length, valid = validLength(command, args)
		}
		if !valid {
			if length, told = toldLength(meant, args); !told {
				return out
			}
		}
		if length > len(rest) {
			if length > maxValue && valid && (command == "set" || command == "ms") {
				out = append(out, dropped(command, args))
			}
			return out
		}
		value, behind := rest[:length], rest[length:]
		if valid && length <= maxValue && strings.HasPrefix(behind, "\r\n") {
			out = append(out, canonical(command, args, length)+"\r\n"+value)
		}
		if valid && length > maxValue && (command == "set" || command == "ms") {
			out = append(out, dropped(command, args))
		}
		if valid && length <= maxValue && len(behind) < 2 {
			return out // incomplete
		}
		if valid && length <= maxValue && strings.HasPrefix(behind, "\r\n") {
			in = behind[2:]
			continue
		}
		_, in, found = strings.Cut(behind, end)
		if !found {
			return out
		}
	}
}

var (
	letters  = regexp.MustCompile(`[A-Za-z]+`)
	control  = regexp.MustCompile(`[\x00-\x1f\x7f]`)
	number   = regexp.MustCompile(`^[+-]?[0-9]+$`)
	commands = strings.Fields("get gets gat gats set add replace append prepend cas delete incr decr touch " +
		"flush_all verbosity version stats quit mg ms md ma mn me")
)

// knownWord is the command that the letters in a word are.
func knownWord(word string) string {
	for _, c := range commands {
		if strings.EqualFold(letters.FindString(word), c) {
			return c
		}
	}
	return ""
}

// value is a number that fits 64 bits, whatever its sign.
func value(word string) (*big.Int, bool) {
	n, ok := new(big.Int).SetString(strings.TrimPrefix(word, "+"), 10)
	if !number.MatchString(word) || !ok || new(big.Int).Abs(n).BitLen() > 64 {
		return nil, false
	}
	return n, true
}

func numeric(words []string, at ...int) bool {
	for _, i := range at {
		if i < 0 || i >= len(words) {
			return false
		}
		if _, ok := value(words[i]); !ok {
			return false
		}
	}
	return true
}

func lengthAt(words []string, i int) (int, bool) {
	if !numeric(words, i) {
		return 0, false
	}
	n, _ := value(words[i])
	return int(n.Int64()), n.Sign() >= 0 && n.IsInt64()
}

// toldLength is the length that a refused line tells.
func toldLength(command string, args []string) (int, bool) {
	if command == "ms" {
		for i := 2; i < len(args); i++ {
			if _, ok := lengthAt(args, i); ok {
				return 0, false
			}
		}
		return lengthAt(args, 1)
	}
	last := len(args) - 1
	if last >= 0 && args[last] == "noreply" {
		last--
	}
	if command == "cas" {
		last--
	}
	n, usual := lengthAt(args, 3)
	usual = usual && numeric(args, 1, 2)
	m, shifted := lengthAt(args, last)
	shifted = shifted && last > 3 && numeric(args, last-2, last-1)
	switch {
	case usual && shifted:
		return 0, false
	case usual:
		return n, true
	case shifted:
		return m, true
	case last == 3:
		return lengthAt(args, 3)
	}
	return 0, false
}

// validLength is the length in a line that is taken.
func validLength(command string, args []string) (int, bool) {
	if len(args) == 0 || len(args[0]) > 250 {
		return 0, false
	}
	if command == "ms" {
		n, ok := lengthAt(args, 1)
		if ok = ok && n <= 1<<31-3; ok {
			_, ok = metaFlags("ms", args[0], args[2:])
		}
		return n, ok
	}
	want := 4
	if command == "cas" {
		want = 5
	}
	if len(args) < want || len(args) > want+1 || len(args) == want+1 && isLength(args[want]) {
		return 0, false
	}
	n, ok := lengthAt(args, 3)
	ok = ok && n <= 1<<31-3 && numeric(args, 1, 2)
	ok = ok && bits(args[1], 32) != "" && wrapped(args[2]) != "" && (want == 4 || bits(args[4], 64) != "")
	return n, ok
}

func isLength(word string) bool {
	_, ok := lengthAt([]string{word}, 0)
	return ok
}

// bits writes an unsigned number of so many bits; a minus sign counts modulo 2^64, where the result has a bit to
// spare.
func bits(word string, size int) string {
	n, ok := value(word)
	if !ok {
		return ""
	}
	if n.Sign() < 0 || word[0] == '-' {
		if n.Sign() < 0 {
			n.Add(n, new(big.Int).Lsh(big.NewInt(1), 64))
		}
		if n.BitLen() > 63 || n.Sign() < 0 {
			return ""
		}
	}
	if n.BitLen() > size {
		return ""
	}
	return n.String()
}

// wrapped writes a signed number of 64 bits as the 32 that memcached keeps.
func wrapped(word string) string {
	n, ok := value(word)
	if !ok || !n.IsInt64() {
		return ""
	}
	return big.NewInt(int64(int32(n.Int64()))).String()
}

// canonical writes a line that is taken.
func canonical(command string, args []string, length int) string {
	size := big.NewInt(int64(length)).String()
	if command == "ms" {
		key, _ := metaFlags("ms", args[0], args[2:])
		_, flags, _ := strings.Cut(key, " ")
		return strings.TrimSuffix("ms "+strings.Split(key, " ")[0]+" "+size+" "+flags, " ")
	}
	line := command + " " + args[0] + " " + bits(args[1], 32) + " " + wrapped(args[2]) + " " + size
	if command == "cas" {
		line += " " + bits(args[4], 64)
	}
	return line
}

// dropped is what becomes of a value that is too large.
func dropped(command string, args []string) string {
	key := args[0]
	if command == "ms" {
		for _, flag := range args[2:] {
			if decoded, err := base64.StdEncoding.DecodeString(key); flag == "b" && err == nil {
				if strings.ContainsAny(string(decoded), " ") || control.Match(decoded) || len(decoded) == 0 {
					return "md " + base64.StdEncoding.EncodeToString(decoded) + " b"
				}
				key = string(decoded)
			}
		}
	}
	return "delete " + key
}

// metaFlags writes key and flags of a meta command, as far as it takes them.
func metaFlags(command, key string, flags []string) (string, bool) {
	out := ""
	seen := map[byte]bool{}
	for _, flag := range flags {
		letter, arg := flag[0], flag[1:]
		if seen[letter] {
			return "", false
		}
		seen[letter] = true
		switch {
		case letter == 'P' || letter == 'L':
			continue
		case letter == 'q':
			if arg != "" {
				return "", false
			}
			continue
		case strings.ContainsRune("NRT", rune(letter)):
			arg = wrapped(arg)
		case strings.ContainsRune("CDEJ", rune(letter)):
			arg = bits(arg, 64)
		case letter == 'F':
			arg = bits(arg, 32)
		}
		if !metaFlagForms[command].MatchString(string(letter) + arg) {
			return "", false
		}
		out += " " + string(letter) + arg
	}
	if seen['b'] {
		decoded, err := base64.StdEncoding.DecodeString(key)
		if err != nil {
			return "", false
		}
		key = base64.StdEncoding.EncodeToString(decoded)
	}
	return key + out, true
}

// plainCommand writes what a command without a value may become.
func plainCommand(command string, args []string) (out []string) {
	switch command {
	case "get", "gets":
		for _, key := range args {
			out = append(out, command+" "+key)
		}
	case "gat", "gats":
		for i, key := range args {
			if i > 0 {
				out = append(out, command+" "+wrapped(args[0])+" "+key)
			}
		}
	case "delete":
		if len(args) > 0 {
			out = append(out, "delete "+args[0])
		}
	case "incr", "decr":
		if len(args) > 1 {
			out = append(out, command+" "+args[0]+" "+bits(args[1], 64))
		}
	case "touch":
		if len(args) > 1 {
			out = append(out, "touch "+args[0]+" "+wrapped(args[1]))
		}
	case "flush_all":
		out = append(out, "flush_all")
		if len(args) > 0 && wrapped(args[0]) != "" && !strings.HasPrefix(wrapped(args[0]), "-") {
			out[0] = strings.TrimSuffix("flush_all "+wrapped(args[0]), " 0")
		}
	case "mg", "md", "ma":
		if len(args) > 0 {
			if text, ok := metaFlags(command, args[0], args[1:]); ok {
				out = append(out, command+" "+text)
			}
		}
	case "me":
		if len(args) > 0 {
			out = append(out, "me "+args[0])
			if decoded, err := base64.StdEncoding.DecodeString(args[0]); err == nil && len(args) > 1 &&
				args[1] == "b" {
				out[0] = "me " + base64.StdEncoding.EncodeToString(decoded) + " b"
			}
		}
	}
	return out
}
