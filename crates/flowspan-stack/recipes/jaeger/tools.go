//go:build tools

// Package tools pins Jaeger in go.mod. Nothing compiles this file: it only
// keeps the import visible to the go command, because a module with replace
// directives cannot be installed by `go install`.
package tools

import _ "github.com/jaegertracing/jaeger/cmd/jaeger"
