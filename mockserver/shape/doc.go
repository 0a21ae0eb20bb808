// Package shape reads the JSON of records whose Go type is known, many of them one after the other, some times as fast as
// encoding/json, which stays the judge of what JSON is and means: a Reader reads the JSON that programs write, gives it the
// meaning that encoding/json gives it, and leaves whatever else it is shown (an unknown field, a name in other letters, a
// value of another type, a mistake) to it by saying that it did not read it.
//
// It also packs records: a form of fewer bytes than JSON that is read sooner, for programs that have the same types.
//
// Texts that come again and again (the workspace that a million records name) are held once, and those of neighbouring
// records share a piece of memory. Nothing refers to the JSON that was read.
package shape
