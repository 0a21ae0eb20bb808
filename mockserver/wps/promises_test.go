package wps_test

import (
	"testing"

	"github.com/countersign/countersign/mockserver/vendortest"
	"github.com/countersign/countersign/mockserver/wps"
)

func TestPromises(t *testing.T) {
	t.Parallel()
	vendortest.Run(t, wps.New)
}
