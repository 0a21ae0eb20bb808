//go:build !pact

package main

import (
	"strings"
	"testing"
)

// Without the library the command builds, and says what is missing.
func TestWithoutTheLibrary(t *testing.T) {
	t.Parallel()
	if code, _, errs := verifies(t, "command_test.go"); code != exitUsage || !strings.Contains(errs, "./scripts/pact-ffi") {
		t.Errorf("code %d, %s", code, errs)
	}
}
