package config

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
)

const (
	sentinelForms = "write sentinel://host:26379,host2:26379/mymaster:weight, and perhaps a name"
	masterLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_"
)

// SentinelHosts returns the sentinels of such an address, each as host:port or [v6]:port.
func (a Address) SentinelHosts() []string { return strings.Split(a.Sentinels, ",") }

// parseSentinelLine parses the text between sentinel:// and a name:
// "host:port,host:port/master:weight". The ports are optional.
func parseSentinelLine(s string) (Address, *flaw) {
	a := Address{Network: "sentinel"}
	hosts, rest, ok := strings.Cut(s, "/")
	if !ok {
		return a, &flaw{"the name of the master is missing", sentinelForms}
	}
	master, weight, ok := cutLast(rest, ':')
	if f := checkMaster(master); f != nil {
		return a, f
	}
	if !ok {
		return a, &flaw{"the weight is missing", fmt.Sprintf("write %s%s:1", sentinelScheme, s)}
	}
	a.Master = master
	var f *flaw
	if a.Weight, f = parseNumber("weight", weight, maxNumber); f != nil {
		f.remedy = sentinelForms
		return a, f
	}
	a.Sentinels, f = parseSentinels(hosts)
	return a, f
}

// parseSentinels parses hosts, each with or without a port, and returns all of them with one.
func parseSentinels(hosts string) (string, *flaw) {
	var all []string
	for text := range strings.SplitSeq(hosts, ",") {
		host, rest, f := splitHost(text)
		if f == nil {
			f = checkHost(host)
		}
		port := DefaultSentinelPort
		if f == nil && rest != "" {
			port, f = parseNumber("port", rest[1:], 65535)
		}
		if f != nil {
			return "", &flaw{fmt.Sprintf("sentinel %q: %s", text, f.problem), sentinelForms}
		}
		sentinel := net.JoinHostPort(host, strconv.Itoa(port))
		if slices.Contains(all, sentinel) {
			return "", &flaw{fmt.Sprintf("sentinel %s is given twice", sentinel), "name each once"}
		}
		all = append(all, sentinel)
	}
	return strings.Join(all, ","), nil
}

// checkMaster refuses characters that Redis does not document for the name of a master.
func checkMaster(name string) *flaw {
	if name == "" {
		return &flaw{"the name of the master is missing", sentinelForms}
	}
	for _, c := range name {
		if !strings.ContainsRune(masterLetters, c) {
			return &flaw{
				fmt.Sprintf("the master's name %q contains %q", name, c),
				"use the name in the sentinels' own configuration: letters, digits, '.', '-' and '_'",
			}
		}
	}
	return nil
}
