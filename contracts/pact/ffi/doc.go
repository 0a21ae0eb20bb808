// Package ffi tells the linker where scripts/pact-ffi has put the Pact library. Import it for its effect wherever
// the library is used, by pact-go or directly. Without the build tag pact it is empty. A library in /usr/local/lib is
// found as well.
package ffi
