package client

import (
	"context"
	crand "crypto/rand"
	"encoding/hex"
	"math/rand/v2"
	"time"
)

// This file is the only place of the clients that reads the machine's clock and its source of chance; both can be
// replaced in Options.

// machineClock is the default of Options.Clock.
func machineClock() time.Time { return time.Now() }

// machineJitter is the default of RetryPolicy.Jitter.
func machineJitter() float64 { return rand.Float64() }

// RandomNonce returns 32 hexadecimal digits that nobody can guess: the default source of nonces.
func RandomNonce() string {
	var b [16]byte
	_, _ = crand.Read(b[:]) // never fails: the runtime ends the program instead
	return hex.EncodeToString(b[:])
}

// machineSleep is the default of RetryPolicy.Sleep.
func machineSleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
