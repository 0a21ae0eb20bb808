package check

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// ReadPaths reads the pact files that the paths name: a file, or every file of a folder, and of the folders in it, whose
// name ends in .json. A file that several paths name is read once. Its error is that of the operating system; what is
// wrong in a file is among the findings of its Pact.
func ReadPaths(paths ...string) ([]*Pact, error) {
	var pacts []*Pact
	var done []string
	for _, path := range paths {
		files, err := filesOf(path)
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			if slices.Contains(done, file) {
				continue
			}
			done = append(done, file)
			data, err := os.ReadFile(file)
			if err != nil {
				return nil, err
			}
			pacts = append(pacts, Read(filepath.ToSlash(file), data))
		}
	}
	return pacts, nil
}

func filesOf(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{filepath.Clean(path)}, nil
	}
	var files []string
	err = filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.EqualFold(filepath.Ext(file), ".json") {
			files = append(files, filepath.Clean(file))
		}
		return err
	})
	return files, err
}
