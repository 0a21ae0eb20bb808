package main

import (
	"testing"

	"github.com/countersign/countersign/mockserver"
)

// BenchmarkStart is what serve does before it listens, with all vendors and the demo world. What package initialisation
// takes comes on top: GODEBUG=inittrace=1 tells it.
func BenchmarkStart(b *testing.B) {
	a := &app{vendors: vendors}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := mockserver.New(mockserver.Options{Vendors: a.plugs()}); err != nil {
			b.Fatal(err)
		}
	}
}
