package arch

import (
	"go/ast"
	"testing"
)

// maxMethods is the largest number of methods of an interface.
const maxMethods = 3

// wideInterfaces are interfaces with more methods, by their names, with the reason.
var wideInterfaces = map[string]string{
	"Watcher": "the life of one connection, told to the one who owns it: its steps belong together",
	"Host": "the life of one server that comes back, told upwards by the engine: one implementation, and a fake " +
		"in tests",
	"Recorder": "one method for each kind of record in the journal",
	"Engine":   "what the process around it starts, ends and asks",
}

// TestInterfacesAreSmall checks that an interface has three methods at most, unless it is listed. An unnecessary entry
// in the list fails, too.
func TestInterfacesAreSmall(t *testing.T) {
	s := readSource(t)
	wide, found := map[string]bool{}, 0
	s.all(func(f *file) {
		if f.isTest() || isBlackBox(f.folder) {
			return
		}
		ast.Inspect(f.File, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			face, ok := spec.Type.(*ast.InterfaceType)
			if !ok {
				return true
			}
			found++
			if n := face.Methods.NumFields(); n > maxMethods {
				wide[spec.Name.Name] = true
				if wideInterfaces[spec.Name.Name] == "" {
					t.Errorf(
						"%s: %s has %d methods, want %d at most: split it, or say in wideInterfaces why it cannot be",
						s.at(spec.Pos()), spec.Name.Name, n, maxMethods)
				}
			}
			return true
		})
	})
	for name := range wideInterfaces {
		if !wide[name] {
			t.Errorf("no interface %s has more than %d methods: take it off wideInterfaces", name, maxMethods)
		}
	}
	if found < 5 {
		t.Errorf("only %d interfaces were found", found)
	}
}
