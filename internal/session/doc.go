// Package session serves the clients of an event loop: it takes their requests, has them carried out in their order, and answers.
//
// A session belongs to the loop that accepted it; a key belongs to the loop that Group.OwnerOf names. A request whose key belongs
// to another loop travels there and back as a forward through the loops' mailboxes (forward.go). With one loop nothing travels.
package session
