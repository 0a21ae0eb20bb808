// Command countersign-verify holds a provider to Pact contracts: to the stand-in, which it starts itself, or to any
// address. Every recorded request is signed again for its vendor, so that signatures are really checked.
//
// It calls the Pact library, a C library, and is therefore apart from countersign:
//
//	./scripts/pact-ffi && go build -tags=pact ./cmd/countersign-verify
//
// Without the build tag it builds too, and says what is missing.
//
// # Exit codes
//
//	0  something was verified and all of it passed
//	1  something failed, or nothing was verified
//	2  the command line is wrong, or the program was built without the library
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	out, err := quieten()
	if err != nil {
		out = os.Stdout // the library's report then stands before ours
	}
	code := run(ctx, os.Args[1:], os.Getenv, out, os.Stderr)
	stop()
	os.Exit(code)
}

// run is main with its surroundings passed in; it returns the exit code.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	c := &command{out: stdout, err: stderr, getenv: getenv}
	root := c.root()
	root.SetArgs(args)
	return c.code(root.ExecuteContext(ctx))
}
