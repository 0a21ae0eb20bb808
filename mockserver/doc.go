// Package mockserver is the core of countersign: the request pipeline, worlds, the journal, clocks and the admin API.
// It knows no vendor; each vendor brings a Plug.
//
// # The pipeline
//
// A request passes these steps, in the files named; the first one that refuses it decides:
//
//	0  size and time limits, body read once, raw bytes kept           edge.go
//	1  vendor: by Host, path or signature scheme                      pipeline.go
//	2  world: by X-Countersign-World, else by the plug's Identify     pipeline.go
//	3  operation: by path from the document, or by the plug's Locate  pipeline.go
//	4  authenticate, over the request exactly as received             the plug
//	5  validate against the document                                  validate.go, body.go
//	6  faults, before the handler or after it                         fault.go, prefer.go
//	7  handler, in one store transaction                              the plug
//	8  check the reply against the document, encode it                encode.go
//	9  journal, before the first byte is sent                         journal.go
//	10 write, badly where a fault says so                             edge.go, faultwire.go
//
// Below them, package http1 has the connections of vendors' plain requests, and net/http all others: TLS, the admin API.
//
// # In a test
//
//	srv := mockserver.Run(t, mockserver.Options{Vendors: []mockserver.Vendor{quickbi.New, wps.New, dataarts.New}})
//	w, err := srv.CreateWorld(ctx, mockserver.WorldSetting{Seed: 7}) // its own credentials: tests never meet
//	env, err := w.Env(ctx, srv.URL)                                  // what the vendor's SDK is configured with
//
// # Faults
//
// A world's fault rules make calls go wrong on purpose: see FaultRule, World.AddFaults and WorldSetting.Faults. Rules are
// looked at once a request has passed authentication and validation, so that they hide no mistake of the client. Every
// rule counts the calls that match it, whichever rule acts; the first that would act does. An injected error is made from
// the catalogue and goes the way of every refusal: through Plug.Revise, so that the world's switches hold for it, and
// through Plug.Failure. What spoils a reply on the wire comes after the reply was held against the document. With
// WorldSetting.Prefer, a request may ask for an error itself (Prefer: code=NAME); that goes before the rules, none of
// which counts the call.
//
// # Time and chance
//
// World time drives records, ids and expiry; signing time judges what clients sign and is the wall clock unless the
// world says otherwise. Ids and chance come from the world's seed and the number of the call in the world. Same seed,
// same clock, same calls in the same order: same replies.
//
// # Writing a plug
//
// See Plug. Handlers return a value or a *Refusal made with Call.Refuse from the catalogue in the vendor's documents;
// they keep their state in collections (package store) and never hold a lock. mockserver/vendortest holds every plug to
// the promises that all of them make.
package mockserver
