// Package disk keeps worlds in a file, so that they outlive the process. Memory stays the engine: the file is written, not
// read, while a server runs.
//
// What is kept of a world is a chain of layers. A layer holds the records and counters that differ from the layer below.
// Only the top layer of a world is ever written; a fork puts a new top layer on both sides of what they share, so it costs
// the same for ten records and for a million, and who reads the file makes what is shared once. A layer that nothing stands
// on any more goes with the last one that did.
//
// A change is in the file, synced, when Append returns; changes that wait for each other's sync go out together. Whatever
// moment the process dies at, the file holds exactly the changes that were acknowledged and perhaps, whole, some that
// were about to be. The engine is bbolt: pages are written beside the old ones and a checksummed page switches over, so
// nothing can be torn.
//
// The package knows texts and bytes, not vendors: names of worlds are the caller's, records are JSON.
package disk
