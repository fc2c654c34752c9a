package handshake

import (
	"strings"
	"testing"

	"magent/internal/testkit"
)

// What is wrong with a certificate and its key is said in plain words, with the file.
func TestWrongPair(t *testing.T) {
	ca := testkit.NewAuthority(t)
	cert, key := ca.IssueFiles(t, testkit.Leaf{Name: "server.test"})
	_, other := ca.IssueFiles(t, testkit.Leaf{Name: "other.test"})
	nothing := testkit.TempFile(t, "nothing", "nothing")
	for _, c := range []struct{ cert, key, want string }{
		{nothing, key, nothing + ": there is no certificate in it (PEM)"},
		{cert, nothing, nothing + ": there is no key in it (PEM)"},
		{
			cert, other,
			"the certificate " + cert + " with the key " + other + ": the key is not that of the certificate: " +
				"name a certificate and its own key, in PEM",
		},
		{cert, cert, "the certificate " + cert + " with the key " + cert + ": the second file has a certificate in "},
		{key, key, "the certificate " + key + " with the key " + key + ": the two files are exchanged: "},
	} {
		_, err := ServerConfig(Files{Cert: c.cert, Key: c.key})
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%v: %v", c, err)
		}
	}
	if _, err := ServerConfig(Files{Cert: cert, Key: key}); err != nil {
		t.Error(err)
	}
}
