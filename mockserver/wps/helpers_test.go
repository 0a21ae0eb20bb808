package wps

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"testing"
)

func sha256Of(b []byte) [32]byte { return sha256.Sum256(b) }

func hexOf(s string) string { return fmt.Sprintf("%x", sha256Of([]byte(s))) }

// viaJSON is what encoding/json makes of a text when it comes back.
func viaJSON(t testing.TB, s string) string {
	t.Helper()
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return unquote(t, b)
}

func unquote(t testing.TB, b []byte) string {
	t.Helper()
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		t.Fatalf("%s: %v", b, err)
	}
	return s
}
