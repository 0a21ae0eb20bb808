// Command countersign is a local stand-in for three vendors' approval APIs that the vendors' own SDKs cannot tell from
// the real thing.
//
//	countersign serve     the stand-in server
//	countersign env       what an SDK needs to talk to it
//	countersign worlds    the worlds of a running server: make, fork, reset, export, import; snapshots: their pasts
//	countersign records   the records of a world, read and changed; transitions: those that change by themselves
//	countersign clock     the clock of a world
//	countersign requests  what a running server was asked: list, verify, watch, export, coverage
//	countersign errors    every error that the vendors document, and how to cause it
//	countersign faults    make calls of a running server go wrong on purpose
//	countersign specs     the documents it works from, their sources and the numbered guesses
//	countersign check     contracts (pact files) against the documents, and what they cover
//	countersign states    the named states that tests put its records in
//	countersign fixtures  test data from the documents: records, requests, replies, errors, worlds
//	countersign version   what this binary was built from
//
// This package wires: it lists the vendors (vendors.go), reads flags and environment variables, and hands the machine's
// clock in. One file is one subcommand.
//
// # Exit codes
//
//	0  it worked; for serve: it was asked to stop and finished the requests in flight
//	1  it failed: no server answers, the address is taken, the world file is wrong, ...
//	2  the command line is wrong
package main

import (
	"context"
	"io"
	"os"
	"time"
)

func main() {
	a := &app{in: os.Stdin, out: os.Stdout, err: os.Stderr, getenv: os.Getenv, now: time.Now, cacheDir: os.UserCacheDir, vendors: vendors}
	os.Exit(a.run(context.Background(), os.Args[1:]))
}

// app is what the subcommands are given of the machine they run on.
type app struct {
	in       io.Reader
	out, err io.Writer
	getenv   func(string) string
	now      func() time.Time
	cacheDir func() (string, error)
	vendors  []vendor
	// parsed is set once the command line has been understood: what fails before is wrong usage.
	parsed bool
}
