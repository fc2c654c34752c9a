package ring

import (
	"bytes"
	"hash/crc32"
	"hash/fnv"
	"slices"
	"strings"
	"testing"
)

func TestHashNames(t *testing.T) {
	want := strings.Fields("one_at_a_time md5 crc16 crc32 crc32a fnv1_64 fnv1a_64 fnv1_32 fnv1a_32 hsieh murmur " +
		"jenkins djb2")
	if got := HashNames(); !slices.Equal(got, want) {
		t.Errorf("HashNames() = %v, want %v", got, want)
	}
	HashNames()[0] = "spoilt"
	for _, name := range want {
		if hash, ok := HashByName(name); !ok || hash == nil {
			t.Errorf("HashByName(%q) found nothing", name)
		}
	}
	for _, name := range []string{"", "MD5", "sha1", "md5 "} {
		if _, ok := HashByName(name); ok {
			t.Errorf("HashByName(%q) found something", name)
		}
	}
}

func TestHashesOfApple(t *testing.T) {
	want := map[string]uint32{
		"one_at_a_time": 2297466611, "md5": 3195025439, "crc16": 3662830516, "crc32": 10542, "crc32a": 2838417488,
		"fnv1_64": 473199127, "fnv1a_64": 1488911807, "fnv1_32": 67176023, "fnv1a_32": 280767167,
		"hsieh": 3738850110, "murmur": 4142305122, "jenkins": 1442444624,
	}
	for name, sum := range want {
		if got := mustHash(t, name)([]byte("apple")); got != sum {
			t.Errorf("%s(apple) = %d, want %d", name, got, sum)
		}
	}
}

func TestHashOfEmptyKey(t *testing.T) {
	for _, name := range HashNames() {
		want := uint32(0)
		if name == "djb2" {
			want = 5381
		}
		for _, key := range [][]byte{nil, {}} {
			if got := mustHash(t, name)(key); got != want {
				t.Errorf("%s of the empty key is %d, want %d", name, got, want)
			}
		}
	}
}

// TestMagentHashes has values of magent 0.5.
func TestMagentHashes(t *testing.T) {
	for _, c := range []struct {
		key       string
		djb2, md5 uint32
	}{
		{"key", 193496974, 2316004924},
		{"stone", 274826446, 4094592010},
		{"shidl", 274388345, 3166008174},
		{"key1", 2090432895, 2497097154},
		{"key2", 2090432896, 2854615160},
	} {
		if got := mustHash(t, "djb2")([]byte(c.key)); got != c.djb2 {
			t.Errorf("djb2(%s) = %d, want %d", c.key, got, c.djb2)
		}
		if got := mustHash(t, "md5")([]byte(c.key)); got != c.md5 {
			t.Errorf("md5(%s) = %d, want %d", c.key, got, c.md5)
		}
	}
}

// High bytes count as negative numbers: 5381*33 - 128 and 5381*33 - 1. The sign bit of the result is cleared.
func TestDJB2SignedAndMasked(t *testing.T) {
	for key, want := range map[string]uint32{"\x80": 177445, "\xff": 177572, "zzzzzzz": 0} {
		if want == 0 {
			full := uint64(5381)
			for _, c := range []byte(key) {
				full = full*33 + uint64(c)
			}
			if want = uint32(full) & 0x7fffffff; want == uint32(full) {
				t.Fatalf("%q does not reach the top bit", key)
			}
		}
		if got := djb2([]byte(key)); got != want {
			t.Errorf("djb2(%q) = %d, want %d", key, got, want)
		}
	}
}

// TestFNVAgainstStandardLibrary: for keys of 7-bit bytes the FNV functions are the textbook's, cut to 32 bits. For
// others they must differ.
func TestFNVAgainstStandardLibrary(t *testing.T) {
	check := func(key []byte, same bool) {
		h64, h64a, h32, h32a := fnv.New64(), fnv.New64a(), fnv.New32(), fnv.New32a()
		h64.Write(key)
		h64a.Write(key)
		h32.Write(key)
		h32a.Write(key)
		want := []uint32{uint32(h64.Sum64()), uint32(h64a.Sum64()), h32.Sum32(), h32a.Sum32()}
		got := []uint32{fnv1x64(key), fnv1ax64(key), fnv1x32(key), fnv1ax32(key)}
		for i := range got {
			if (got[i] == want[i]) != same {
				t.Errorf("FNV function %d of %q: %d, standard library %d", i, key, got[i], want[i])
			}
		}
	}
	check([]byte("user:12345"), true)
	check([]byte("\x7f\x01"), true)
	check([]byte("na\xc3\xafve"), false)
}

func TestCRCTables(t *testing.T) {
	// The recurrence cut to 16 bits is CRC-16/XMODEM, whose check value is the CRC of 123456789.
	if got := crc16([]byte("123456789")) & 0xffff; got != 0x31c3 {
		t.Errorf("crc16 of the check string ends in %#x, want 0x31c3", got)
	}
	if got := crc32Full([]byte("123456789")); got != 0xcbf43926 {
		t.Errorf("crc32a of the check string is %#x, want 0xcbf43926", got)
	}
	key := []byte("foo")
	if got, want := crc32Short(key), crc32.ChecksumIEEE(key)>>16&0x7fff; got != want {
		t.Errorf("crc32(foo) = %d, want %d", got, want)
	}
}

func TestHashTag(t *testing.T) {
	for _, c := range []struct{ key, tag, want string }{
		{"user:{42}:a", "{}", "42"},
		{"{}x", "{}", "{}x"},
		{"a}b", "{}", "a}b"},
		{"a{b", "{}", "a{b"},
		{"}a{b}", "{}", "b"},
		{"{{x}}", "{}", "{x"},
		{"foo{bar}{z}", "{}", "bar"},
		{"{}{a}", "{}", "{}{a}"},
		{"", "{}", ""},
		{"{", "{}", "{"},
		{"{a", "{}", "{a"},
		{"{a}", "{}", "a"},
		{"{a}", "$$", "{a}"},
		{"$a$b$", "$$", "a"},
		{"$$x", "$$", "$$x"},
		{"$", "$$", "$"},
	} {
		got := HashTag([]byte(c.key), [2]byte([]byte(c.tag)))
		if string(got) != c.want {
			t.Errorf("HashTag(%q, %q) = %q, want %q", c.key, c.tag, got, c.want)
		}
	}
}

// Appending to the result must not write into the key.
func TestHashTagIsCapped(t *testing.T) {
	key := []byte("{a}b")
	_ = append(HashTag(key, [2]byte{'{', '}'}), 'X')
	if string(key) != "{a}b" {
		t.Errorf("key became %q", key)
	}
}

func TestHashesDoNotAllocateOrWrite(t *testing.T) {
	for length := range 70 {
		key := []byte(strings.Repeat("k\xff", 35)[:length])
		before := string(key)
		for _, name := range HashNames() {
			hash := mustHash(t, name)
			if n := testing.AllocsPerRun(10, func() { hash(key) }); n != 0 {
				t.Errorf("%s of %d bytes allocates %v times", name, length, n)
			}
		}
		if string(key) != before {
			t.Fatalf("a hash changed its key of %d bytes", length)
		}
	}
}

func BenchmarkHash(b *testing.B) {
	for _, name := range HashNames() {
		hash := mustHash(b, name)
		for _, size := range []string{"20", "200"} {
			key := []byte("user:123456789012345")
			if size == "200" {
				key = []byte(strings.Repeat("user:12345", 20))
			}
			b.Run(name+"/"+size, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					hash(key)
				}
			})
		}
	}
}

// FuzzFour compares four hashes at once with one after the other. On other machines than amd64 there is nothing to
// compare.
func FuzzFour(f *testing.F) {
	for _, n := range []int{0, 1, 3, 4, 51, 52, 55, 56, 250} {
		key := bytes.Repeat([]byte("k\xff\x80y"), 63)
		f.Add(key[:n], key[1:5], key[2:12], key[3:58])
		f.Add(key[1:55], key[:n], key[:n], key[:n])
	}
	f.Fuzz(func(t *testing.T, a, b, c, d []byte) {
		keys := [4][]byte{a, b, c, d}
		for _, name := range HashNames() {
			four := FourByName(name)
			if four == nil {
				continue
			}
			hash, got := mustHash(t, name), four(keys)
			for i, key := range keys {
				if want := hash(key); got[i] != want {
					t.Errorf("%s of %q in lane %d: %#x, want %#x", name, key, i, got[i], want)
				}
			}
		}
	})
}
