package main

import (
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
)

// licences writes the licences of the modules in a binary, which must be distributed with it.
func (o *options) licences(w io.Writer) error {
	info, err := buildinfo.ReadFile(o.args[0])
	if err != nil {
		return err
	}
	fmt.Fprintln(w, "magent contains these works of others.")
	goRoot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return err
	}
	if err := licence(w, "Go "+info.GoVersion, strings.TrimSpace(string(goRoot))); err != nil {
		return err
	}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		dir, err := download(m)
		if err == nil {
			err = licence(w, m.Path+" "+m.Version, dir)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// download returns the folder of a module's source.
func download(m *debug.Module) (dir string, err error) {
	text, err := exec.Command("go", "mod", "download", "-json", m.Path+"@"+m.Version).Output()
	if err != nil {
		return "", fmt.Errorf("go mod download %s@%s: %w", m.Path, m.Version, err)
	}
	var answer struct{ Dir string }
	err = json.Unmarshal(text, &answer)
	return answer.Dir, err
}

// licence writes the files of a folder that are licences or notices.
func licence(w io.Writer, name, dir string) error {
	fmt.Fprintf(w, "\n%s\n%s\n", name, strings.Repeat("=", len(name)))
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	found := false
	for _, e := range entries {
		upper := strings.ToUpper(e.Name())
		if e.IsDir() || !strings.HasPrefix(upper, "LICENSE") && !strings.HasPrefix(upper, "LICENCE") &&
			!strings.HasPrefix(upper, "COPYING") && !strings.HasPrefix(upper, "NOTICE") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		found = true
		fmt.Fprintf(w, "\n%s\n", strings.TrimSpace(strings.ReplaceAll(string(text), "\r", "")))
	}
	if !found {
		return errors.New(name + " has no licence")
	}
	return nil
}
