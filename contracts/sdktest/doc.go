// Package sdktest holds the server to what the vendors' own SDKs make of it. They are unmodified, and the only thing
// they are told is where the server is and which test credentials to use.
//
//	darabonba_test.go   Quick BI: darabonba-openapi, the core of the generated Go SDKs, with both signature schemes
//	alibaba_test.go     Quick BI: alibaba-cloud-sdk-go, the older Go SDK
//	dataarts_test.go    DataArts Studio and IAM: huaweicloud-sdk-go-v3
//	wps_test.go         WPS 365, which has no Go SDK: KSO-1 after the public recipe, and golang.org/x/oauth2
//	tls_test.go         the same over HTTPS
//	node_test.go        the vendors' Node SDKs: runs the tests in node/
//	prism_test.go       the SDKs once more, through a Prism proxy that holds every reply against the documents
//
// It is a module of its own because of what the SDKs depend on. All tests share one server; each has a world of its
// own, and no test sleeps. node_test.go wants `npm ci` in node/ and prism_test.go wants Prism; both say so when they
// skip, and ./scripts/test provides both.
package sdktest
