// Package proxy runs the event loops of the proxy, as a Service. It starts them, listens and accepts, changes the
// pools while the loops stand still, and adds up their figures. It ends the loops, or hands over to another process.
package proxy
