package quickbi

import (
	"testing"

	"github.com/countersign/countersign/mockserver/vendortest"
)

func TestPromises(t *testing.T) {
	t.Parallel()
	vendortest.Run(t, New)
}
