package quickbi

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"

	"github.com/countersign/countersign/mockserver"
)

// The encodings, orders and codings that clients use by mistake.

// formEncode is application/x-www-form-urlencoded as Java's URLEncoder writes it: a blank is +, "*" stays, "~" is encoded.
func formEncode(dst []byte, s string) []byte {
	e := url.QueryEscape(s)
	return append(dst, strings.ReplaceAll(strings.ReplaceAll(e, "~", "%7E"), "%2A", "*")...)
}

// scriptEncode is JavaScript's encodeURIComponent.
func scriptEncode(dst []byte, s string) []byte { return encodeKeeping(dst, s, "!'()*") }

func keepStar(dst []byte, s string) []byte { return encodeKeeping(dst, s, "*") }

func keepSlash(dst []byte, s string) []byte { return encodeKeeping(dst, s, "/") }

func encodeKeeping(dst []byte, s, keep string) []byte {
	for i := 0; i < len(s); i++ {
		if strings.IndexByte(keep, s[i]) >= 0 {
			dst = append(dst, s[i])
		} else {
			dst = appendPercent(dst, s[i:i+1])
		}
	}
	return dst
}

func plusForBlank(dst []byte, s string) []byte {
	return append(dst, strings.ReplaceAll(string(appendPercent(nil, s)), "%20", "+")...)
}

func tildeEncoded(dst []byte, s string) []byte {
	return append(dst, strings.ReplaceAll(string(appendPercent(nil, s)), "~", "%7E")...)
}

func lowerHex(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if unreserved[s[i]] {
			dst = append(dst, s[i])
		} else {
			dst = append(dst, '%')
			dst = hex.AppendEncode(dst, []byte{s[i]})
		}
	}
	return dst
}

func verbatim(dst []byte, s string) []byte { return append(dst, s...) }

func foldingCase(a, b mockserver.Pair) int {
	return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
}

// joinPairs writes pairs as name=value&..., in the given order or, without one, as they are.
func joinPairs(pairs mockserver.Pairs, less func(a, b mockserver.Pair) int, encode func([]byte, string) []byte) string {
	if less != nil {
		pairs = slices.Clone(pairs)
		slices.SortStableFunc(pairs, less)
	}
	var dst []byte
	for i, x := range pairs {
		if i > 0 {
			dst = append(dst, '&')
		}
		dst = append(encode(dst, x.Name), '=')
		dst = encode(dst, x.Value)
	}
	return string(dst)
}

// without returns the items that drop does not want gone.
func without[S ~[]T, T any](items S, drop func(T) bool) S {
	var out S
	for _, x := range items {
		if !drop(x) {
			out = append(out, x)
		}
	}
	return out
}

func hmacSHA1Base64(key string, text []byte) string {
	signature := base64Of(hmacSHA1([]byte(key), text))
	return string(signature[:])
}

func hmacSHA256Base64(key string, text []byte) string {
	sum := mockserver.HMACSHA256(key, text)
	return base64.StdEncoding.EncodeToString(sum[:])
}

func hmacSHA1Hex(key string, text []byte) string {
	sum := hmacSHA1([]byte(key), text)
	return hex.EncodeToString(sum[:])
}

func sha256Hex(b []byte) string {
	text := mockserver.HexOf(sha256.Sum256(b))
	return string(text[:])
}

func signUnhashed(key, canonical string) string {
	signature := mockserver.HexOf(mockserver.HMACSHA256(key, []byte(canonical)))
	return string(signature[:])
}

func signHashOnly(key, canonical string) string {
	return signUnhashed(key, sha256Hex([]byte(canonical)))
}

func signBase64(key, canonical string) string {
	return hmacSHA256Base64(key, acs3StringToSign(nil, []byte(canonical)))
}

func signUpper(key, canonical string) string { return strings.ToUpper(signCanonical(key, canonical)) }
