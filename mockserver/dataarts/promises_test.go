package dataarts_test

import (
	"testing"

	"github.com/countersign/countersign/mockserver/dataarts"
	"github.com/countersign/countersign/mockserver/vendortest"
)

func TestPromises(t *testing.T) {
	t.Parallel()
	vendortest.Run(t, dataarts.New)
}
