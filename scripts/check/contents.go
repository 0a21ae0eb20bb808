package main

import (
	"context"
	"crypto/sha256"
	"os"
	"slices"
)

// contents are the hashes of the project's files by name.
func (p *project) contents(ctx context.Context) (map[string][sha256.Size]byte, error) {
	files, err := p.files(ctx)
	if err != nil {
		return nil, err
	}
	sums := make(map[string][sha256.Size]byte, len(files))
	for _, f := range files {
		data, err := os.ReadFile(p.path(f))
		if err != nil {
			return nil, err
		}
		sums[f] = sha256.Sum256(data)
	}
	return sums, nil
}

// changes are the names that were added, removed or have other contents, sorted.
func changes(before, after map[string][sha256.Size]byte) []string {
	var names []string
	for name, sum := range before {
		if other, ok := after[name]; !ok || other != sum {
			names = append(names, name)
		}
	}
	for name := range after {
		if _, ok := before[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
