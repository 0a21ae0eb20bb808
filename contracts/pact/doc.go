// Package pact holds the contracts between the reference clients and their vendors, as Pact files of version 4, and
// verifies the stand-in against them. The tests need the build tag pact and the library that scripts/pact-ffi fetches:
//
//	./scripts/pact-ffi && go test -tags=pact ./contracts/pact/...
//
// The files in pacts/ are made by the consumer tests, which fail when what they make differs from what is committed;
// -update writes them anew. Each file is the work of one test whose sub-tests run in a fixed order, with a clock that
// stands at 2026-01-15T08:00:00Z and nonces that do not change, so that it always comes out the same.
//
// Provider states have the names of the stand-in's (`countersign states`). Every state puts decoys beside what is asked
// for, or the demo world has them, so that a filter that is ignored shows. Signatures are matched by anchored regular
// expressions, part by part: Pact takes a header apart at its commas. When the stand-in is verified, every request is
// signed again (package resign), so that signature checking stays on.
package pact
