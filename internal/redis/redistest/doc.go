// Package redistest starts real Redis servers and Sentinels for the tests of packages that talk to them.
package redistest
