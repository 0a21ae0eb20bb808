package mockserver

// longestName bounds the names that users give to worlds and what belongs to them, in bytes.
const longestName = 64

// wellNamed reports whether a name is 1 to 64 letters, digits, dots, dashes or underscores of ASCII, the first one a letter
// or digit.
func wellNamed(name string) bool {
	if name == "" || len(name) > longestName {
		return false
	}
	for i := range len(name) {
		switch c := name[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case i > 0 && (c == '.' || c == '-' || c == '_'):
		default:
			return false
		}
	}
	return true
}
