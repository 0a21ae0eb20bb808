package wps

import (
	"crypto/ecdsa"

	"github.com/countersign/countersign/mockserver"
)

// SigningKey is the public key of a world's access tokens.
func SigningKey(w *mockserver.World) *ecdsa.PublicKey {
	key, err := forgeOf(w, nil, w.Now(), "jwt").key()
	if err != nil {
		panic(err)
	}
	return &key.PublicKey
}
