package mockserver

// MergePatch is mergePatch, for the tests.
var MergePatch = mergePatch
