//go:build !unix

package main

import "os"

// quieten leaves standard output as it is: the Pact library's report stands there besides.
func quieten() (*os.File, error) { return os.Stdout, nil }
