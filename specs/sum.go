package specs

import (
	"hash/crc32"
	"io"
)

// Sum is a checksum of a vendor's documents, their names and texts: what is made from them can tell by it that they were
// changed. It is 0 where there are none.
func Sum(vendor string) uint32 {
	names, err := Files(vendor)
	if err != nil {
		return 0
	}
	h := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	buf := make([]byte, 16<<10)
	for _, name := range names {
		io.WriteString(h, name) //nolint:errcheck,gosec // a hash takes everything
		f, err := files.Open(name)
		if err != nil {
			panic(err) // what is embedded was just listed
		}
		if _, err := io.CopyBuffer(h, f, buf); err != nil {
			panic(err) // it is memory
		}
	}
	return h.Sum32()
}
