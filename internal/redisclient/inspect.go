package redisclient

// What tests of other packages need to see. Nothing but tests uses these names; test/arch checks that.

// Collecting returns a client whose transaction has so many bytes.
func Collecting(bytes int) *Client { return &Client{multi: &multi{raw: make([]byte, bytes)}} }
