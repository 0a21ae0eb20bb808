package mockserver

import (
	"bytes"
	"io"
	"net"
	"testing"
)

// connected is a connection as the server has it, and its other end.
func connected(t *testing.T) (*clientConn, net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	client, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := clientListener{ln}.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = client.Close(), conn.Close() })
	return conn.(*clientConn), client
}

// Whatever the pieces, what arrives is what was written, in order, and nothing stays behind once the body is complete.
func TestClientConn(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		expect int
		pieces []int
		held   []int // after each piece
	}{
		{"Unannounced", 0, []int{10, 5000}, []int{0, 0}},
		{"AsNetHTTPWrites", 45_000, []int{4096, 41_204}, []int{4096, 0}},
		{"ThreePieces", 8_000, []int{4096, 3904, 200}, []int{4096, 0, 0}},
		{"TailOfTheHeader", 4_096, []int{4096, 200}, []int{0, 0}},
		{"Small", 10_000, []int{1, 2, 9_997, 300}, []int{1, 3, 0, 0}},
		{"GivenUp", -1, []int{4096, 100}, []int{4096, 0}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			conn, client := connected(t)
			for range 3 { // replies on one connection
				conn.expect(max(tt.expect, 0))
				if tt.expect < 0 {
					conn.expect(1 << 20)
				}
				var want []byte
				for i, n := range tt.pieces {
					piece := bytes.Repeat([]byte{byte('a' + i)}, n)
					want = append(want, piece...)
					if tt.expect < 0 && i == len(tt.pieces)-1 {
						conn.expect(0)
					}
					if wrote, err := conn.Write(piece); wrote != n || err != nil {
						t.Fatalf("%d of %d bytes, %v", wrote, n, err)
					}
					clear(piece) // net/http uses its buffer again
					if len(conn.held) != tt.held[i] {
						t.Errorf("%d bytes are held after piece %d, want %d", len(conn.held), i, tt.held[i])
					}
				}
				got := make([]byte, len(want))
				if _, err := io.ReadFull(client, got); err != nil || !bytes.Equal(got, want) {
					t.Fatalf("other bytes arrived, or fewer: %v", err)
				}
			}
		})
	}
}

// A connection that is gone says so, and what was held does not count as written of the next piece.
func TestClientConnBroken(t *testing.T) {
	t.Parallel()
	conn, _ := connected(t)
	conn.expect(10_000)
	if n, err := conn.Write(make([]byte, 4096)); n != 4096 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	_ = conn.Close()
	if n, err := conn.Write(make([]byte, 6000)); n != 0 || err == nil {
		t.Errorf("%d bytes written to a closed connection, %v", n, err)
	}
}
