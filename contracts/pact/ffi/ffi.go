//go:build pact

package ffi

// #cgo LDFLAGS: -L${SRCDIR}/../../../.cache/pact/lib -Wl,-rpath,${SRCDIR}/../../../.cache/pact/lib
// #cgo LDFLAGS: -L/usr/local/lib -Wl,-rpath,/usr/local/lib -lpact_ffi
import "C"
