//go:build tools

// Package tools pins the StatsD exporter of Prometheus in go.mod. Nothing
// compiles this file: it only keeps the import visible to the go command.
package tools

import _ "github.com/prometheus/statsd_exporter"
