package client

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// CheckError says that a request, or a client's configuration, leaves the vendor's document. Nothing was sent.
type CheckError struct {
	// Operation is the operation that was called; empty for a client's configuration.
	Operation string
	// Field is the name in the vendor's document.
	Field string
	// Problem says what is wrong, without the value.
	Problem string
}

func (e *CheckError) Error() string {
	if e.Operation == "" {
		return e.Field + " " + e.Problem
	}
	return e.Operation + ": " + e.Field + " " + e.Problem
}

// Checks collects what is wrong with a request. The zero value is ready.
type Checks struct {
	// Operation is named in every problem.
	Operation string
	problems  []error
}

// That notes a problem unless ok.
func (c *Checks) That(ok bool, field, format string, args ...any) {
	if !ok {
		c.problems = append(c.problems, &CheckError{c.Operation, field, fmt.Sprintf(format, args...)})
	}
}

// Required notes a problem if a text is empty, or is not UTF-8.
func (c *Checks) Required(field, text string) {
	c.That(text != "", field, "is required")
	c.That(utf8.ValidString(text), field, "is not UTF-8")
}

// Length notes a problem if a text has fewer or more characters (not bytes).
func (c *Checks) Length(field, text string, least, most int) {
	n := utf8.RuneCountInString(text)
	c.That(least <= n && n <= most, field, "has %d characters, wanted are %d to %d", n, least, most)
}

// Range notes a problem if a number is set and outside its bounds.
func (c *Checks) Range(field string, n *int, least, most int) {
	if n != nil {
		c.That(least <= *n && *n <= most, field, "is %d, wanted is %d to %d", *n, least, most)
	}
}

// Err returns all problems in one error, nil if there are none. errors.As finds the first *CheckError.
func (c *Checks) Err() error { return errors.Join(c.problems...) }
