// Package maintenance says which servers operators have drained: taken out of use until they are undrained. It decides
// whether a server may be drained, and keeps the list beyond the end of the process. It knows no connections.
package maintenance
