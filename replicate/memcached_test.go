package replicate

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// memcached is a model of a memcached. It knows the classic commands and the plain meta commands. Times to live are
// stored and returned, but nothing expires.
type memcached struct {
	items map[string]item
	cas   uint64
}

type item struct {
	value, flags, ttl string
	cas               uint64
}

func newMemcached() *memcached { return &memcached{items: map[string]item{}} }

func (m *memcached) keys() (keys []string) {
	for key := range m.items {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// put stores an item under a new token.
func (m *memcached) put(key string, it item) {
	m.cas++
	it.cas = m.cas
	m.items[key] = it
}

// execute carries out one request and returns the reply.
func (m *memcached) execute(req string) string {
	line, body, _ := strings.Cut(req, "\r\n")
	body = strings.TrimSuffix(body, "\r\n")
	w := strings.Fields(line)
	switch w[0] {
	case "get", "gets":
		return m.get(w[1:], w[0] == "gets")
	case "gat", "gats":
		for _, key := range w[2:] {
			m.touch(key, w[1])
		}
		return m.get(w[2:], w[0] == "gats")
	case "flush_all":
		clear(m.items)
		return "OK\r\n"
	case "mg":
		it, ok := m.items[w[1]]
		if !ok {
			return "EN\r\n"
		}
		token := ""
		if slices.Contains(w, "c") {
			token = fmt.Sprintf(" c%d", it.cas)
		}
		return fmt.Sprintf("VA %d f%s t%s%s\r\n%s\r\n", len(it.value), it.flags, it.ttl, token, it.value)
	case "md": // with I: what is marked as stale is not told apart
		_, there := m.items[w[1]]
		return answerIf(there, "HD", "NF") + "\r\n"
	case "ms":
		return m.metaSet(w, body)
	case "version":
		return "VERSION 1\r\n"
	}
	return m.mutate(w, body) + "\r\n"
}

func (m *memcached) get(keys []string, tokens bool) string {
	var out bytes.Buffer
	for _, key := range keys {
		it, ok := m.items[key]
		if !ok {
			continue
		}
		fmt.Fprintf(&out, "VALUE %s %s %d", key, it.flags, len(it.value))
		if tokens {
			fmt.Fprintf(&out, " %d", it.cas)
		}
		fmt.Fprintf(&out, "\r\n%s\r\n", it.value)
	}
	return out.String() + "END\r\n"
}

func (m *memcached) touch(key, ttl string) bool {
	it, ok := m.items[key]
	if ok {
		it.ttl = ttl
		m.items[key] = it
	}
	return ok
}

func (m *memcached) metaSet(w []string, body string) string {
	it := item{value: body, flags: "0", ttl: "-1"}
	for _, flag := range w[3:] {
		switch flag[0] {
		case 'F':
			it.flags = flag[1:]
		case 'T':
			it.ttl = flag[1:]
		case 'M':
			if _, there := m.items[w[1]]; there {
				return "NS\r\n" // add
			}
		}
	}
	m.put(w[1], it)
	return "HD\r\n"
}

func (m *memcached) mutate(w []string, body string) string {
	key := w[1]
	it, there := m.items[key]
	switch w[0] {
	case "delete":
		delete(m.items, key)
		return answerIf(there, "DELETED", "NOT_FOUND")
	case "touch":
		return answerIf(m.touch(key, w[2]), "TOUCHED", "NOT_FOUND")
	case "incr":
		if !there {
			return "NOT_FOUND"
		}
		n, err := strconv.ParseUint(it.value, 10, 64)
		if err != nil {
			return "CLIENT_ERROR cannot increment or decrement non-numeric value"
		}
		d, _ := strconv.ParseUint(w[2], 10, 64)
		it.value = strconv.FormatUint(n+d, 10)
		m.put(key, it)
		return it.value
	case "append":
		if !there {
			return "NOT_STORED"
		}
		it.value += body
		m.put(key, it)
		return "STORED"
	}
	switch {
	case w[0] == "add" && there || w[0] == "replace" && !there:
		return "NOT_STORED"
	case w[0] == "cas" && !there:
		return "NOT_FOUND"
	case w[0] == "cas" && strconv.FormatUint(it.cas, 10) != w[5]:
		return "EXISTS"
	}
	m.put(key, item{value: body, flags: w[2], ttl: answerIf(w[3] == "0", "-1", w[3])})
	return "STORED"
}

func answerIf(cond bool, yes, no string) string {
	if cond {
		return yes
	}
	return no
}
