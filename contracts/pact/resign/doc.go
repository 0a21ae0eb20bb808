// Package resign gives recorded requests the signature that they need when they are sent again: another date, another
// nonce, another host, and the keys of the provider that is verified. So verification runs with signature checking on.
//
// It signs with the reference clients' signers. The request must be final, its Host included: what a proxy changes
// afterwards is not covered. The query is taken as it stands; nothing here parses the form, which would make a reverse
// proxy write the query anew.
package resign
