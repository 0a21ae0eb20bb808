package quickbi

import (
	"time"

	"github.com/countersign/countersign/mockserver"
)

// shanghai is UTC+8 without summer time, as it has been since 1991; the time zone database is not needed for it.
var shanghai = time.FixedZone("Asia/Shanghai", 8*60*60)

// longestAgo is how far in the past Date.Exceed.Error begins, in days.
const longestAgo = 90

// today is the day of world time in the zone of QB-055.
func today(c *mockserver.Call) time.Time {
	zone := shanghai
	if c.Switch("QB-055") == "UTC" {
		zone = time.UTC
	}
	y, m, d := c.Now().In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// expireDay reads the last day of a grant, nil if the call names none.
func expireDay(c *mockserver.Call) (*time.Time, error) {
	text, ok := c.Text("ExpireDay")
	if !ok {
		return nil, nil
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return nil, c.Refuse(errDateFormat).At("ExpireDay").Because("%q is no day of the calendar", text)
	}
	return &day, nil
}

// checkAge refuses a day that is past. When revoking it does not count (QB-058).
func checkAge(c *mockserver.Call, req *request) error {
	if req.expires == nil || req.operation == revokeRights && c.Switch("QB-058") == "format-only" {
		return nil
	}
	ago := int(today(c).Sub(*req.expires) / (24 * time.Hour))
	switch {
	case ago < 0 || ago == 0 && c.Switch("QB-057") == "valid":
		return nil
	case pastIsExceeded(c, ago):
		return c.Refuse(errDateExceed).At("ExpireDay").Because("%s is %d days ago", req.expires.Format(time.DateOnly), ago)
	}
	return c.Refuse(errExpireDate).At("ExpireDay").Because("%s is %d days ago", req.expires.Format(time.DateOnly), ago)
}

// pastIsExceeded chooses between the two codes for a past day (QB-056).
func pastIsExceeded(c *mockserver.Call, ago int) bool {
	switch c.Switch("QB-056") {
	case "exceed":
		return true
	case "expired":
		return false
	}
	return ago > longestAgo
}

// lastDay is the last day of a grant: the one that was named, else the documented seven days from today (QB-059).
func lastDay(c *mockserver.Call, named *time.Time) string {
	if named != nil {
		return named.Format(time.DateOnly)
	}
	days := 7
	if c.Switch("QB-059") == "6" {
		days = 6
	}
	return today(c).AddDate(0, 0, days).Format(time.DateOnly)
}
