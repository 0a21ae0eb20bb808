package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestUnchangedAreas(t *testing.T) {
	t.Parallel()
	const file = "/opt/the tools/countersign"
	lines := func(head, anonymous, swap string) string {
		return head + "\nSize: 8 kB\nRss: 8 kB\nAnonymous:             " + anonymous + " kB\nSwap:                  " + swap +
			" kB\nTHPeligible:           0\nVmFlags: rd ex mr mw me \n"
	}
	tests := []struct {
		name, smaps string
		want        []area
	}{
		{"code", lines("00400000-00402000 r-xp 00000000 fe:00 24 "+file, "0", "0"), []area{{0x400000, 0x402000}}},
		{"constants", lines("01374000-01376000 r--p 00f74000 fe:00 24   "+file, "0", "0"), []area{{0x1374000, 0x1376000}}},
		{"variables", lines("02531000-02533000 rw-p 02131000 fe:00 24 "+file, "0", "0"), nil},
		{"a breakpoint", lines("00400000-00402000 r-xp 00000000 fe:00 24 "+file, "4", "0"), nil},
		{"relocated and swapped out", lines("00400000-00402000 r--p 00000000 fe:00 24 "+file, "0", "4"), nil},
		{"another file", lines("7f0000000000-7f0000002000 r-xp 00000000 fe:00 25 /lib/libc.so", "0", "0"), nil},
		{"no file", lines("7fff00000000-7fff00002000 r-xp 00000000 00:00 0", "0", "0"), nil},
		{"two of them behind a changed one", lines("00400000-00402000 r-xp 00000000 fe:00 24 "+file, "4", "0") +
			lines("00402000-00404000 r-xp 00000000 fe:00 24 "+file, "0", "0") +
			lines("00404000-00406000 r--p 00000000 fe:00 24 "+file, "0", "0"), []area{{0x402000, 0x404000}, {0x404000, 0x406000}}},
		{"cut off", "00400000-00402000 r-xp 00000000 fe:00 24 " + file + "\nSize: 8 kB\n", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, unchangedAreas(strings.NewReader(tt.smaps), file), cmp.AllowUnexported(area{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestProgramIsReleased goes on running afterwards, which is the point.
func TestProgramIsReleased(t *testing.T) {
	t.Parallel()
	if n := releaseProgram(); n < 1<<20 {
		t.Errorf("%d bytes of the program released, want its code at least", n)
	}
}
