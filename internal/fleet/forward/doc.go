// Package forward has what a member and the owner of a group have to agree on when the member hands requests to the
// owner: what they say to each other between requests and replies (Mark), until when a request may be carried out
// (Clock), and what becomes of requests that got no answer (Fates). All of it is pure.
//
// Requests go to the owner in the order in which they came, over one connection for each loop, first in first out. A
// mutation is sent only once. If the connection ends, nobody knows whether it was carried out, and the client is told
// so. Reads, and requests that were not sent or were given back, go to the next owner, in order.
package forward
