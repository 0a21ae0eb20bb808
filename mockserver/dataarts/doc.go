// Package dataarts is the plug for Huawei Cloud DataArts Studio: approvers of DataArts Architecture, and the parts of
// IAM that clients of it call.
//
// What is documented stands in specs/dataarts; the numbers DA-001 and on in this package are the assumptions there.
//
// # Files
//
//	dataarts.go      the plug: what belongs to it, the replies to the core's own refusals
//	authenticate.go  token and signature, up to the project of the path
//	signature.go     SDK-HMAC-SHA256, with canonical.go; knows nothing of the rest
//	mistakes.go      what clients get wrong when they sign, with explain.go
//	approvers.go     create and delete; list.go lists
//	view.go          how a record is shown, with cipher.go, which hides addresses; page.go puts records together
//	envelopes.go     what is around a reply, and the errors; json.go writes their texts
//	iam.go           tokens, projects and accounts
//	records.go       the collections
//	demo.go          the demo world, its credentials and `countersign env`
//	states.go        the provider states
//	errors.go        the names of the catalogue's entries
//
// # Records
//
// Every record refers to others by internal keys that never change. The ids and credentials by which the outside knows
// a project, an access key or a token are attributes of that one record, so that new credentials for a world touch a
// handful of records however many approvers it has.
package dataarts
