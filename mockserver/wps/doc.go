// Package wps is the plug for WPS 365: the list of approval definitions that a user manages, and the token endpoint.
//
//	sign.go       KSO-1: what is signed, and checking it
//	mistakes.go   the known ways of signing it wrongly
//	auth.go       signature, token, scope and the caller's rights
//	manage.go     GET /v7/workflow/approval_defines/user_manage
//	cursor.go     its cursors
//	oauth.go      POST /oauth2/token
//	token.go      what it issues
//	records.go    companies, people, apps, tokens
//	define.go     approval definitions; consistency.go says when one contradicts itself
//	view.go       how a definition looks in a reply
//	demo*.go      the demo records
//	states.go     the provider states
//	errors.go     the names of the catalogue's entries, and the switches that exchange them
//
// Pages: the operation
// https://open.wps.cn/documents/app-integration-dev/server/workflow/approval-definition/get-user-manage-approval-definition-list.html,
// the signature
// https://365.kdocs.cn/3rd/open/documents/app-integration-dev/wps365/server/api-description/signature-description,
// the tokens
// https://open.wps.cn/documents/app-integration-dev/server/certification-authorization/get-token/get-user-access-token.
// Guesses have numbers (WPS-001, ...) that stand in specs/wps with their alternatives.
package wps
