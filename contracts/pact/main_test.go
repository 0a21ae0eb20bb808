//go:build pact

package pact

import (
	"flag"
	"os"
	"testing"

	pactlog "github.com/pact-foundation/pact-go/v2/log"

	_ "github.com/countersign/countersign/contracts/pact/ffi" // where the library is
)

var update = flag.Bool("update", false, "write the pact files anew")

func TestMain(m *testing.M) {
	flag.Parse()
	if os.Getenv("PACT_LOG_LEVEL") == "" { // its chatter hides what matters
		if err := pactlog.SetLogLevel("ERROR"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}
