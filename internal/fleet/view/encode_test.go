package view

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

// What a newer version adds is ignored, and what an older one lacks is empty.
func TestNeighbouringVersions(t *testing.T) {
	v := three()
	text := strings.Replace(string(v.Encode()), `"epoch":1`, `"epoch":1,"added":{"later":[1]}`, 1)
	if got, err := Parse([]byte(text)); err != nil || !reflect.DeepEqual(got, v) {
		t.Errorf("%+v, %v", got, err)
	}
	text = strings.ReplaceAll(string(v.Encode()), `"pools":"cG9vbHM="`, `"pools":""`)
	if got, err := Parse([]byte(text)); err != nil || len(got.Pools) != 0 || got.Groups[0].Owner != "a" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestForeignVersions(t *testing.T) {
	for _, version := range []uint16{0, Version + 1, Version + 7} {
		v, c := three(), Command{Version: version, Kind: Lapse}
		v.Version = version
		if _, err := Parse(v.Encode()); !errors.Is(err, ErrVersion) {
			t.Errorf("a view of version %d: %v", version, err)
		}
		if _, err := ParseCommand(c.Encode()); !errors.Is(err, ErrVersion) {
			t.Errorf("a command of version %d: %v", version, err)
		}
	}
	if _, err := Parse([]byte("{")); err == nil || strings.Contains(err.Error(), "\n") {
		t.Error(err)
	}
	c := Command{Version: Version, Kind: Join, Name: "a", Voter: 1<<63 + 1, Pools: []byte{0, 255}}
	if got, err := ParseCommand(c.Encode()); err != nil || !reflect.DeepEqual(got, c) {
		t.Errorf("%+v, %v", got, err)
	}
}

func FuzzParse(f *testing.F) {
	v := three()
	f.Add(v.Encode())
	f.Add([]byte(`{"version":1,"members":[{"name":"a"}],"groups":null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if v, err := Parse(text); err == nil {
			if again, err := Parse(v.Encode()); err != nil || again.String() != v.String() {
				t.Errorf("%+v, %v", again, err)
			}
		}
	})
}
