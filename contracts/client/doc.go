// Package client holds what the reference clients of the three vendors share: options, the retry policy, the errors, and
// the one loop that sends requests. The clients themselves are the packages quickbi, wps and dataarts below it.
//
// Nothing here knows a vendor, and nothing here imports the stand-in: the clients are written from the vendors'
// documents, so that client and stand-in cannot share a mistake. Only the standard library is used.
//
// # Errors
//
// Every failed call returns an error that holds one of these, found with errors.As:
//
//	*CheckError  the request leaves the vendor's document; nothing was sent (Options.SkipChecks sends it)
//	*SendError   the request could not be sent, or no whole reply came back
//	*ReplyError  a reply came that is not as documented
//	*Error       the vendor answered with an error: its code, HTTP status, request id, and whether a repeat can help
//
// Each vendor's package has a sentinel for every code of its catalogue, to be used with errors.Is:
//
//	if errors.Is(err, quickbi.ErrApplicationRecordClosed) { ... }
//
// ErrUnknownOutcome is the one sentinel of this package that matters to everybody who changes something: the call may
// or may not have been carried out.
//
// # Retries
//
// A call is sent again when that cannot do harm: always after a refusal before anything was done (throttling, a gateway
// that cannot reach its service, a connection that could not be made), and after an unclear end (a timeout, a broken
// connection, an internal error) only if the call changes nothing. RepeatUnknown lifts the last bound for one call.
// Every attempt is signed anew, with its own date and nonce.
//
// # Secrets
//
// A Secret prints as [redacted] in every form that fmt, log/slog and encoding/json know. Errors and logs name no
// credential: addresses are left out, and a vendor's message that repeats a secret is scrubbed.
package client
