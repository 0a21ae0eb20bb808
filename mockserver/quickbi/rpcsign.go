package quickbi

import (
	"slices"
	"strings"

	"github.com/countersign/countersign/mockserver"
)

// rpcScheme is what SignatureMethod says in signature version 1.0.
const rpcScheme = "HMAC-SHA1"

// The parameters of the signature that are named in several places. Signature takes no part in what it signs.
const (
	signatureParam = "Signature"
	tokenParam     = "SecurityToken"
)

// rpcStringToSign appends the string to sign of signature version 1.0: the HTTP method, the root path and the canonical
// query of all parameters but Signature, joined by "&", the last two encoded once more. The pairs are those of query and
// form together, decoded: what the client wrote on the wire ("+", "*", any order) does not matter. A parameter with an
// empty value takes part. No page speaks of repeated names; all of them take part, in the order of their values (QB-006).
//
// https://help.aliyun.com/en/sdk/product-overview/rpc-mechanism
func rpcStringToSign(dst []byte, method string, pairs mockserver.Pairs) []byte {
	var few [32]mockserver.Pair
	sorted := few[:0]
	for _, p := range pairs {
		if p.Name != signatureParam {
			sorted = append(sorted, p)
		}
	}
	slices.SortFunc(sorted, byNameThenValue)
	dst = append(dst, method...)
	dst = append(dst, "&%2F&"...)
	for i, p := range sorted {
		if i > 0 {
			dst = append(dst, "%26"...)
		}
		dst = appendPercentTwice(dst, p.Name)
		dst = append(dst, "%3D"...)
		dst = appendPercentTwice(dst, p.Value)
	}
	return dst
}

// byNameThenValue orders by bytes, upper case before lower case.
func byNameThenValue(a, b mockserver.Pair) int {
	if c := strings.Compare(a.Name, b.Name); c != 0 {
		return c
	}
	return strings.Compare(a.Value, b.Value)
}

// rpcSignature signs a string to sign with an access key's secret, to which the scheme adds an ampersand.
func rpcSignature(secret string, stringToSign []byte) [28]byte {
	var few [macBlock]byte
	return base64Of(hmacSHA1(append(append(few[:0], secret...), '&'), stringToSign))
}
