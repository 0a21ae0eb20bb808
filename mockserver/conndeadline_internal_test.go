package mockserver

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

var (
	never time.Time
	soon  = time.Unix(2e9, 0)
	later = time.Unix(3e9, 0)
	gone  = time.Unix(1, 0)
)

func nameOf(t time.Time) string {
	return map[int64]string{never.Unix(): "never", soon.Unix(): "soon", later.Unix(): "later", gone.Unix(): "gone"}[t.Unix()]
}

// The system is told of a deadline when something waits that it could end too late, and of one that was put off when the one
// that it knows is over. "wait" is answered, "expire" and "fail" end otherwise, "extend" puts the deadline off while it waits.
func TestDeadline(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, steps, want string }{
		{"NeverTold", "set-soon set-later set-never", ""},
		{"ToldOnce", "set-soon wait wait set-soon wait", "tell-soon wait wait wait"},
		{"Earlier", "set-later wait set-soon wait", "tell-later wait tell-soon wait"},
		{"PutOff", "set-soon wait set-later wait set-never wait", "tell-soon wait wait wait"},
		{"PutOffAndOver", "set-soon wait set-later expire", "tell-soon wait expire tell-later wait"},
		{"LiftedAndOver", "set-soon wait set-never expire", "tell-soon wait expire tell-never wait"},
		{"Over", "set-soon expire", "tell-soon expire DEADLINE"},
		{"OverAgain", "set-soon wait set-later expire expire", "tell-soon wait expire tell-later wait expire DEADLINE"},
		{"WhileWaiting", "set-soon extend", "tell-soon extend tell-later"},
		{"GivenUp", "set-gone wait", "DEADLINE"},
		{"GivenUpAndOn", "set-soon wait set-gone wait set-soon wait", "tell-soon wait DEADLINE wait"},
		{"OtherError", "set-soon wait set-later fail", "tell-soon wait fail EOF"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			note := func(format string, args ...any) { got = append(got, fmt.Sprintf(format, args...)) }
			d := &deadline{tell: func(t time.Time) error { note("tell-%s", nameOf(t)); return nil }}
			for step := range strings.FieldsSeq(tt.steps) {
				switch err := take(d, step, note); {
				case errors.Is(err, os.ErrDeadlineExceeded):
					note("DEADLINE")
				case err != nil:
					note("%v", err)
				}
			}
			if got := strings.Join(got, " "); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// take takes a step of a table: a wait that expires or fails does so once.
func take(d *deadline, step string, note func(string, ...any)) error {
	if at, ok := strings.CutPrefix(step, "set-"); ok {
		return d.set(map[string]time.Time{"never": never, "soon": soon, "later": later, "gone": gone}[at])
	}
	now := step
	return d.during(func() error {
		note("%s", now)
		defer func() { now = "wait" }()
		switch now {
		case "expire":
			return &os.SyscallError{Syscall: "read", Err: os.ErrDeadlineExceeded}
		case "fail":
			return io.EOF
		case "extend":
			return d.set(later)
		}
		return nil
	})
}

// A system that cannot be told ends the wait with its reason.
func TestDeadlineNotTold(t *testing.T) {
	t.Parallel()
	closed := errors.New("closed")
	d := &deadline{tell: func(time.Time) error { return closed }}
	_ = d.set(soon)
	err := d.during(func() error {
		t.Error("it waited without a deadline")
		return nil
	})
	if !errors.Is(err, closed) {
		t.Errorf("%v", err)
	}
}

// A reply to a client that takes its time is written whole although the deadline that the system knows of passes meanwhile, if
// it was put off before; and is given up in the middle if it was not.
func TestWriteDeadline(t *testing.T) {
	t.Parallel()
	const size = 64 << 20 // more than the system takes unread
	conn, client := connected(t)
	toldAgain := make(chan struct{})
	conn.toWrite.tell = func(t time.Time) error {
		err := conn.TCPConn.SetWriteDeadline(t)
		if time.Until(t) > time.Minute {
			close(toldAgain)
		}
		return err
	}
	shortly := func() {
		if err := conn.SetWriteDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write([]byte{0}); err != nil { // so the system knows
			t.Fatal(err)
		}
	}
	shortly()
	_ = conn.SetWriteDeadline(time.Now().Add(time.Hour))
	var got int64
	read := make(chan error)
	go func() {
		<-toldAgain
		n, err := io.CopyN(io.Discard, client, size+1)
		got = n
		read <- err
	}()
	if n, err := conn.Write(make([]byte, size)); n != size || err != nil {
		t.Fatalf("%d bytes, %v", n, err)
	}
	if err := <-read; got != size+1 || err != nil {
		t.Fatalf("%d bytes arrived, %v", got, err)
	}
	shortly()
	if n, err := conn.Write(make([]byte, size)); !errors.Is(err, os.ErrDeadlineExceeded) || n >= size {
		t.Errorf("%d bytes, %v", n, err)
	}
}
