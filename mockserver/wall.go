package mockserver

import "time"

// wallClock is the one place where the core asks the machine for the time.
func wallClock() time.Time { return time.Now() }
