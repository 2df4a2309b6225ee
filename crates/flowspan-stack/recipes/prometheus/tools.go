//go:build tools

// Package tools pins Prometheus in go.mod. Nothing compiles this file: it only
// keeps the imports visible to the go command, because a module with replace
// directives cannot be installed by `go install`.
package tools

import (
	_ "github.com/prometheus/prometheus/cmd/prometheus"
	_ "github.com/prometheus/prometheus/cmd/promtool"
)
