package wps

import (
	"crypto/sha256"
	"fmt"
)

func sha256Of(b []byte) [32]byte { return sha256.Sum256(b) }

func hexOf(s string) string { return fmt.Sprintf("%x", sha256Of([]byte(s))) }
