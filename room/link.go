package room

import (
	"net/url"
	"strings"
)

// maxLink is the longest link, in bytes.
const maxLink = 2048

// ValidLink reports whether a page may turn link into something to click: a
// same-site absolute path (/studies/1) or an https URL. Browsers read
// backslashes as slashes and skip white space and control characters inside a
// scheme, so none of those may stand in it.
func ValidLink(link string) bool {
	if link == "" || len(link) > maxLink {
		return false
	}
	if strings.IndexFunc(link, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\\' || r == '\uFFFD' }) >= 0 {
		return false
	}
	u, err := url.Parse(link)
	if err != nil {
		return false
	}
	if link[0] == '/' {
		return !strings.HasPrefix(link, "//") && u.Host == "" && u.Scheme == "" && !control(u.Path)
	}
	return u.Scheme == "https" && u.Hostname() != "" && u.Opaque == "" && u.User == nil && !control(u.Path)
}

// control finds what percent-encoding hid.
func control(path string) bool {
	return strings.IndexFunc(path, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' }) >= 0
}
