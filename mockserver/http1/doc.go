// Package http1 serves plain requests of HTTP/1.1 over connections of its own, for a fraction of what net/http does for one, and
// gives every other connection to net/http.
//
// A request is plain if a client of an API sends it so: GET, POST, PUT, PATCH or DELETE, a path, a Host, headers as the RFC has
// them, at most a body of known length, and all of that in a few kilobytes. Whatever else comes (another method, a chunked or
// a long body, Expect, Upgrade, Connection: close, a malformed head, a request that takes over a second to come) is net/http's from its first
// byte on, with the rest of its connection: what such a request means, and what is wrong with it, is decided in one place.
// net/http is also what the tests hold this package to: what a handler gets of a plain request, and what its client gets, is the
// same, but for what Listen says.
//
// What is saved is the work around a request, not the reading of it: net/http starts a goroutine that waits for the client to go
// away, makes a context, a request and two buffered writers, and sets up to eight deadlines.
package http1
