// Package metrics tells Prometheus the figures of the process: for each scrape it makes a copy of a snapshot, and nothing is
// counted here.
package metrics
