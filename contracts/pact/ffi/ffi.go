//go:build pact

package ffi

// #cgo LDFLAGS: -L${SRCDIR}/../../../.cache/pact/lib -Wl,-rpath,${SRCDIR}/../../../.cache/pact/lib
import "C"
