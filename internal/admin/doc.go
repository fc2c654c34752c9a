// Package admin serves pages for monitoring, over TCP or a unix socket and outside the event loops. It speaks HTTP.
// One page is also sent to connections that send nothing, as the tools for twemproxy's stats port expect.
package admin
