//go:build !unix

package mockserver_test

import "testing"

func mostConnections(_ *testing.T, want int) int { return want }
