// Package quickbi is the stand-in for Alibaba Cloud Quick BI: the operations ResultCallback and SmartqAuthorize behind
// the gateway that all RPC products of the vendor share.
//
// What the documents say stands in specs/quickbi; what they leave open has a number there (QB-001...), and the line
// that decides it cites the number.
//
//	percent.go       canonical percent-encoding
//	rpcsign.go       signature version 1.0 (HMAC-SHA1 over all parameters)
//	acs3.go          V3 (ACS3-HMAC-SHA256 over the canonical request)
//	rpcmistakes.go   what clients get wrong when they sign, with version 1.0
//	acs3mistakes.go  and with V3
//	wrongways.go     the encodings and codings that they use
//	gateway.go       what the gateway checks before the product is reached
//	plug.go          the vendor plug
//	records.go       the collections
//	caller.go        who calls, and what is wrong with him
//	callback.go      ResultCallback
//	smartq.go        SmartqAuthorize
//	expireday.go     its one date
//	reply.go         envelopes, JSON and XML
//	states.go        provider states about keys and callers
//	staterecords.go  provider states about records
//	demo.go          the demo world, new credentials, the answer of `countersign env`
package quickbi
