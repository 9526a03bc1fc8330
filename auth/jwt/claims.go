package jwt

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

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
	members, err := parseObject(b)
	if err != nil {
		return claims{}, fmt.Errorf("claims: %w", err)
	}
	var c claims
	for _, s := range []struct {
		name string
		to   *string
	}{{"sub", &c.Subject}, {"name", &c.Name}, {"iss", &c.Issuer}} {
		if *s.to, err = stringOf(members, s.name); err != nil {
			return claims{}, err
		}
	}
	for _, d := range []struct {
		name string
		to   *date
	}{{"exp", &c.ExpiresAt}, {"nbf", &c.NotBefore}, {"iat", &c.IssuedAt}} {
		if *d.to, err = parseDate(members, d.name); err != nil {
			return claims{}, err
		}
	}
	if c.Audience, err = parseAudience(members); err != nil {
		return claims{}, err
	}
	// Nothing here depends on jti: one that is no text, or long, is as none.
	if c.ID, err = stringOf(members, "jti"); err != nil || len(c.ID) > maxTokenID {
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
func parseDate(members map[string]json.RawMessage, name string) (date, error) {
	raw, ok := members[name]
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
func parseAudience(members map[string]json.RawMessage) (audiences, error) {
	raw, ok := members["aud"]
	if !ok {
		return nil, nil
	}
	if raw[0] != '[' {
		s, err := stringOf(members, "aud")
		return audiences{s}, err
	}
	var elements []json.RawMessage
	if err := json.Unmarshal(raw, &elements); err != nil {
		return nil, errors.New("aud is not a list of strings")
	}
	var a audiences
	for _, e := range elements {
		s, err := stringOf(map[string]json.RawMessage{"aud": e}, "aud")
		if err != nil {
			return nil, err
		}
		a = append(a, s)
	}
	return a, nil
}
