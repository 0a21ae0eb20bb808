//go:build unix

package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// quieten turns the process's standard output away, because the Pact library writes its own report there, and returns
// the real one.
func quieten() (*os.File, error) {
	const stdout = 1
	original, err := unix.Dup(stdout)
	if err != nil {
		return nil, err
	}
	nowhere, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	if err := unix.Dup2(int(nowhere.Fd()), stdout); err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(original), "stdout"), nil
}
