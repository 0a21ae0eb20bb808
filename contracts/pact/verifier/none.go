//go:build !pact

package verifier

// Run answers ErrNoLibrary.
func Run(Options) (*Result, error) { return nil, ErrNoLibrary }
