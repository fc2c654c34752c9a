// Package metrics exports the figures of the process to Prometheus. Each scrape translates a snapshot;
// nothing is counted here.
package metrics
