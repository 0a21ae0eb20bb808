// Package ffi tells the linker where scripts/pact-ffi has put the Pact library. Import it for its effect wherever
// pact-go is imported. Without the build tag pact it is empty. A library in one of the folders that pact-go names itself
// (/usr/local/lib, say) is found as well.
package ffi
