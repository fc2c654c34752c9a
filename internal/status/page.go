package status

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
)

//go:embed page.html
var pageHTML []byte

// statusPage returns the page, and a content security policy that allows only the page's own script and style.
func statusPage() (page []byte, policy string) {
	return pageHTML, "default-src 'none'; connect-src 'self'; img-src data:; base-uri 'none'; " +
		"form-action 'none'; frame-ancestors 'none'" +
		"; style-src " + hashOf(pageHTML, "style") + "; script-src " + hashOf(pageHTML, "script")
}

// hashOf returns the hash of the contents of an element of the page, in the form of a policy.
func hashOf(page []byte, element string) string {
	_, rest, _ := bytes.Cut(page, []byte("<"+element+">"))
	text, _, _ := bytes.Cut(rest, []byte("</"+element+">"))
	sum := sha256.Sum256(text)
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
