package dataarts

// Codes are all sentinels, for the tests of the other package.
var Codes = codes
