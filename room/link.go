package room

import "github.com/coupchat/coup/internal/text"

// ValidLink reports whether a page may show link as a link: it is an absolute path on
// the same site (/studies/1) or an https URL, with at most 2 KiB. Browsers read a
// backslash as a slash, and ignore white space and control characters inside a scheme.
// So a valid link has none of them.
func ValidLink(link string) bool { return text.ValidLink(link) }
