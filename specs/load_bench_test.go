package specs

import "testing"

func BenchmarkLoad(b *testing.B) {
	for _, vendor := range Vendors() {
		b.Run(vendor, func(b *testing.B) {
			for b.Loop() {
				if _, err := Load(vendor); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
