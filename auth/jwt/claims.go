package jwt

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coupchat/coup/internal/json"
	"github.com/coupchat/coup/internal/text"
)

// maxName is the longest user name, in UTF-16 units.
const maxName = 200

// maxTokenID is the longest jti that is kept, in bytes.
const maxTokenID = 256

// validID is the rule of store.ValidID, with which a hub checks the id again.
var validID = regexp.MustCompile(`^[A-Za-z0-9_.:@|+=~-]{1,128}$`)

type claims struct {
	Subject, Name, Issuer, ID      string
	Audience                       audiences
	ExpiresAt, NotBefore, IssuedAt date
}

func parseClaims(b []byte) (claims, error) {
	given, err := parseObject(b)
	if err != nil {
		return claims{}, fmt.Errorf("claims: %w", err)
	}
	var c claims
	for _, s := range []struct {
		name string
		to   *string
	}{{"sub", &c.Subject}, {"name", &c.Name}, {"iss", &c.Issuer}} {
		if *s.to, err = given.stringOf(s.name); err != nil {
			return claims{}, err
		}
	}
	for _, d := range []struct {
		name string
		to   *date
	}{{"exp", &c.ExpiresAt}, {"nbf", &c.NotBefore}, {"iat", &c.IssuedAt}} {
		if *d.to, err = parseDate(given, d.name); err != nil {
			return claims{}, err
		}
	}
	if c.Audience, err = parseAudience(given); err != nil {
		return claims{}, err
	}
	// Nothing here depends on jti: one that is no text, or long, is as none.
	if c.ID, err = given.stringOf("jti"); err != nil || len(c.ID) > maxTokenID {
		c.ID = ""
	}
	switch {
	case c.ExpiresAt.IsZero():
		return claims{}, because(noExpiry, "exp is missing")
	case c.Subject == "":
		return claims{}, because(subject, "sub is missing")
	case c.Subject == ".", c.Subject == "..", !validID.MatchString(c.Subject):
		return claims{}, because(subject, "sub %s is not a user id, which has 1 to 128 of A-Z a-z 0-9 _ . : @ | + = ~ -", quoted(c.Subject))
	}
	// A provider has other rules for names. They must not lock its users out.
	c.Name = text.CleanName(c.Name, maxName)
	return c, nil
}

// A date is zero if the token does not have it. Zero is before every other date.
type date struct{ time.Time }

// maxDate is the end of the year 9999, the last year of RFC 3339.
const maxDate = 253402300799

// parseDate reads seconds since 1970. RFC 7519 allows fractions. They are dropped, which can
// only make a token expire earlier.
func parseDate(given members, name string) (date, error) {
	raw, ok := given[name]
	if !ok {
		return date{}, nil
	}
	whole, fraction, pointed := strings.Cut(string(raw), ".")
	seconds, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || seconds < 0 || whole[0] == '-' || seconds > maxDate || pointed && strings.Trim(fraction, "0123456789") != "" {
		return date{}, fmt.Errorf("%s is not a date in seconds", name)
	}
	return date{time.Unix(seconds, 0).UTC()}, nil
}

type audiences []string

func (a audiences) contains(s string) bool { return slices.Contains(a, s) }

// parseAudience reads a string or an array of strings.
func parseAudience(given members) (a audiences, err error) {
	raw, ok := given["aud"]
	if !ok {
		return nil, nil
	}
	if raw[0] != '[' {
		s, err := stringIn(raw, "aud")
		return audiences{s}, err
	}
	r := json.NewReader(raw)
	r.Array(func() {
		s, wrong := stringIn(r.Raw(), "aud")
		if err == nil {
			err = wrong
		}
		a = append(a, s)
	})
	return a, err
}
