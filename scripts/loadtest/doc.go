// Command loadtest measures the server against a bare gin handler and prints what the targets say to the figures. It is
// what ./scripts/bench runs.
//
// # How a row is measured
//
// The server is the binary that users run, in its default settings. A row's requests are signed beforehand with the
// reference client and written to a file. One of them is sent, and its reply (status, header, bytes) becomes that of the
// yardstick: a gin handler with nothing around it, on the same method and path, which reads the request and answers with
// those bytes. Then wrk sends the requests from that file over loopback with 32 connections, to yardstick and server in turn:
//
//	yardstick, server, yardstick, server, ..., yardstick
//
// The figure of a round is the server's rate divided by the mean of the yardstick's before and after it; that of a row is
// the median of its rounds, with the least and the greatest behind it. Rates themselves say more about the machine than
// about the server, and are only kept in the JSON.
//
// Every reply is accounted for: a round with an error of the connection, or with a status on the wrong side of 400,
// fails. Where a request may be sent only once (a nonce, a creation), there are more than a round can send, and the world is
// put back to a snapshot between rounds, so that all rounds begin alike.
//
// # By CPU
//
// Beside the rates stands the same ratio by CPU: what yardstick and wrk together spent on a request, divided by what
// server and wrk spent. On an otherwise idle machine the two agree, since all of them share its cores. On one that others
// use too, rates of one round are not those of the next, and this is the better figure of the two.
//
// # The generator
//
// wrk and not a generator in Go, since it takes less of the cores that the server runs on. Measured side by side, 32
// connections, replies of 500 bytes: wrk spent 13 to 17 µs on a request, nearly all of it in the kernel, and a Go program
// with a goroutine for each connection 18 to 24 µs; with 25 kB 23 against 29 µs. What the generator spends goes into both
// sides of a ratio and draws it towards one.
package main
