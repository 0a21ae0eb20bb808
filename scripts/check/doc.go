// Command check runs every check of the project and says what passed, failed and was skipped. It is what
// ./scripts/test runs, and ./scripts/test is what CI runs.
//
// A step that fails does not stop the others: one run shows everything. The closing line is
//
//	N passed, N failed, N skipped
//
// alone on a line. Every Go test and sub-test that ran counts one, as go test counts them; every other step counts
// one, and so does a package that does not build. What was skipped is listed with its reason.
//
// # Tools
//
// Go tools are pinned in scripts/tools/go.mod, Node tools in scripts/node/package-lock.json. Both are built or
// installed once into .cache, and again when their pins change. Nothing is installed outside the project, but for
// Debian's packages that scripts/test adds where it runs as root and git, a C compiler or Node is missing.
//
// # One build
//
// Steps run with CGO_ENABLED=0, so that build, vet, lint, the tools and the plain tests share what was compiled. The race
// detector and the Pact library need cgo; they, and govulncheck, have it. A step sees to it that no file is for cgo only.
//
// # Adding a step
//
// A line in stages() and a function beside it. A step that cannot run yet, or not here, returns skip(reason): only for
// what is beyond the project's reach (no network to a database) or does not exist yet, never for what fails.
package main
