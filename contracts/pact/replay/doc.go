// Package replay stands between a Pact verifier and the provider that is verified: it puts the provider into the states
// that a contract names, and signs the recorded requests again on their way.
//
// Before every interaction the provider is reset, so that interactions do not see each other. A state that the provider
// does not have is an error. The parameter sign of a state says how the request is signed (see resign.Mode); it does not
// reach the provider.
package replay
