// Package session serves the clients of an event loop. It parses their requests, has them carried out in order, and
// answers them.
//
// A session belongs to the loop that accepted the client. A key belongs to the loop that Group.OwnerOf returns. A
// request for a key of another loop travels there and back through the loops' mailboxes (package between). With one
// loop nothing travels.
package session
