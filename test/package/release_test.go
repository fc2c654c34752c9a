package packaging

import (
	"crypto/sha256"
	"debug/buildinfo"
	"debug/elf"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"magent/internal/testkit"
	"magent/test/harness"
)

// TestReproducible checks that the same source makes the same bytes in another folder.
func TestReproducible(t *testing.T) {
	first, source := release(t), filepath.Join(t.TempDir(), "elsewhere")
	copySource(t, source)
	second := t.TempDir()
	if err := makeRelease(t, source, second); err != nil {
		t.Fatal(err)
	}
	sums := func(folder string) string { return testkit.ReadFile(t, filepath.Join(folder, "SHA256SUMS")) }
	want, got := sums(first), sums(second)
	if got != want {
		t.Errorf("the checksums were\n%sand are\n%s", want, got)
	}
	run(t, "sh", "-c", "cd "+first+" && sha256sum --quiet -c SHA256SUMS")
	if lines := strings.Count(want, "\n"); lines != 14 {
		t.Errorf("%d files\n%s", lines, want)
	}
}

// copySource makes another clone, with the uncommitted changes of this tree.
func copySource(t *testing.T, dir string) {
	t.Helper()
	root := harness.Root(t)
	run(t, "git", "clone", "-q", "--shared", "--no-checkout", root, dir)
	run(t, "git", "-C", dir, "reset", "-q", strings.TrimSpace(run(t, "git", "-C", root, "rev-parse", "HEAD")))
	for name := range strings.SplitSeq(run(t, "git", "-C", root, "ls-files", "-z", "--cached", "--others",
		"--exclude-standard"), "\x00") {
		from, err := os.Open(filepath.Join(root, name))
		if name == "" || os.IsNotExist(err) {
			continue
		}
		if err == nil {
			err = copyFile(filepath.Join(dir, name), from)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func copyFile(to string, from *os.File) error {
	defer from.Close()
	info, err := from.Stat()
	if err != nil {
		return err
	}
	content, err := io.ReadAll(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, content, info.Mode())
}

// TestBinary checks that the binaries are static, stripped and of their architectures, and that ours reports its
// commit.
func TestBinary(t *testing.T) {
	for name, machine := range map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64} {
		for _, program := range []string{"magent", "nutcracker"} {
			path := filepath.Join(treeFor(t, name), program)
			f, err := elf.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			dynamic := func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC }
			if f.Machine != machine || f.Section(".symtab") != nil || slices.ContainsFunc(f.Progs, dynamic) {
				t.Errorf("%s for %s: it is for %v, has symbols, or wants a loader", program, name, f.Machine)
			}
		}
	}
	path := filepath.Join(tree(t), "magent")
	commit := strings.TrimSpace(run(t, "git", "-C", harness.Root(t), "rev-parse", "HEAD"))
	if said := run(t, path, "-V"); !strings.Contains(said, " "+commit[:12]+" ") {
		t.Errorf("it is %s", said)
	}
}

// TestSBOM checks that the SBOM names the modules in the binary with their checksums, and neither the machine nor the
// time of the build.
func TestSBOM(t *testing.T) {
	var bom struct {
		BOMFormat, SerialNumber string
		Metadata                struct {
			Timestamp time.Time
			Tools     []struct {
				Name   string
				Hashes []any
			}
			Component struct{ Name, Version string }
		}
		Components []struct {
			Name, Version string
			Hashes        []struct{ Alg, Content string }
		}
	}
	text := testkit.ReadFile(t, part(t, "magent_*_sbom_"+arch+".cdx.json"))
	if err := json.Unmarshal([]byte(text), &bom); err != nil {
		t.Fatal(err)
	}
	about := bom.Metadata
	commit := strings.TrimSpace(run(t, "git", "-C", harness.Root(t), "log", "-1", "--format=%ct"))
	if at := fmt.Sprint(about.Timestamp.Unix()); bom.BOMFormat != "CycloneDX" || at != commit ||
		bom.SerialNumber != "" {
		t.Errorf("it is %s %q of %s, the commit is of %s", bom.BOMFormat, bom.SerialNumber, at, commit)
	}
	if len(about.Tools) != 1 || about.Tools[0].Name != "cyclonedx-gomod" || about.Tools[0].Hashes != nil {
		t.Errorf("it is made by %v", about.Tools)
	}
	said := strings.Fields(run(t, filepath.Join(tree(t), "magent"), "-V"))
	if about.Component.Name != "magent" || about.Component.Version != said[1] {
		t.Errorf("it is of %+v, the binary is %v", about.Component, said)
	}
	got := map[string]string{}
	for _, c := range bom.Components {
		got[c.Name] = c.Version
		if c.Name != "std" && (len(c.Hashes) != 1 || len(c.Hashes[0].Content) != 2*sha256.Size) {
			t.Errorf("%s has the hashes %v", c.Name, c.Hashes)
		}
	}
	info, err := buildinfo.ReadFile(filepath.Join(tree(t), "magent"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"std": info.GoVersion}
	for _, m := range info.Deps {
		want[m.Path] = m.Version
	}
	if len(info.Deps) == 0 || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("it names %v, want %v", got, want)
	}
}
