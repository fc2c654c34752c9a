package status

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
)

//go:embed page.html
var pageHTML []byte

// statusPage returns the page, and the policy that lets nothing else run in it.
func statusPage() (page []byte, policy string) {
	return pageHTML, "default-src 'none'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'" +
		"; style-src " + hashOf(pageHTML, "style") + "; script-src " + hashOf(pageHTML, "script")
}

// hashOf names the contents of an element of the page as a policy wants it.
func hashOf(page []byte, element string) string {
	_, rest, _ := bytes.Cut(page, []byte("<"+element+">"))
	text, _, _ := bytes.Cut(rest, []byte("</"+element+">"))
	sum := sha256.Sum256(text)
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
