package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
)

// releaseProgram lets go of the pages of the program's file that the start has brought into this process's memory, and
// returns how many bytes of the file they may have been. The system brings sixteen pages and more where one is touched, and
// a start touches far more of the program than serving does. What is needed comes back by itself, from the system's copy.
func releaseProgram() (released uint64) {
	file, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return 0
	}
	smaps, err := os.Open("/proc/self/smaps")
	if err != nil {
		return 0
	}
	defer func() { _ = smaps.Close() }()
	for _, a := range unchangedAreas(smaps, file) {
		size := a.to - a.from
		if _, _, errno := syscall.Syscall(syscall.SYS_MADVISE, uintptr(a.from), uintptr(size), syscall.MADV_DONTNEED); errno == 0 {
			released += size
		}
	}
	return released
}

// area is a part of the address space.
type area struct{ from, to uint64 }

// unchangedAreas are the areas of a file that cannot be written to and have no page that differs from the file, such as one
// with a debugger's breakpoint or a relocated address: letting go of it would undo the change. smaps is in the form of
// /proc/PID/smaps, where the facts of an area stand in lines below it.
func unchangedAreas(smaps io.Reader, file string) (unchanged []area) {
	var at area
	ours := false
	for lines := bufio.NewScanner(smaps); lines.Scan(); {
		key, value, _ := strings.Cut(lines.Text(), " ")
		switch value = strings.TrimSpace(value); {
		case key == "Anonymous:", key == "Swap:":
			ours = ours && value == "0 kB"
		case key == "VmFlags:": // the last line of every area
			if ours {
				unchanged = append(unchanged, at)
			}
		case !strings.HasSuffix(key, ":"):
			_, err := fmt.Sscanf(key, "%x-%x", &at.from, &at.to)
			ours = err == nil && !strings.HasPrefix(value, "rw") && strings.HasSuffix(value, " "+file)
		}
	}
	return unchanged
}
