// Package admin answers whoever watches the process, over TCP or a unix socket and beside the loops: pages by HTTP, and one of them to
// connections that say nothing, as the tools for twemproxy's stats port do.
package admin
