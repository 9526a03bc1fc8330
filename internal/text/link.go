package text

import (
	"net/url"
	"strings"
)

// maxLink is the longest link, in bytes.
const maxLink = 2048

// ValidLink reports whether a page may show link as a link: it is an absolute path on
// the same site (/studies/1) or an https URL, with at most 2 KiB. Browsers read a
// backslash as a slash, and ignore white space and control characters inside a scheme.
// So a valid link has none of them.
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

// control reports whether a decoded path has a control character or a backslash.
func control(path string) bool {
	return strings.IndexFunc(path, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' }) >= 0
}
