// Package page cuts lists into pages.
package page

// Cut returns at most limit items that take at most maxBytes together, but one at least: the last ones
// if newest is set, else the first. size returns the bytes of an item. more says that it left out
// some.
func Cut[T any](items []T, limit, maxBytes int, newest bool, size func(*T) int) (page []T, more bool) {
	n, bytes := 0, 0
	for n < len(items) && n < limit {
		at := n
		if newest {
			at = len(items) - 1 - n
		}
		if bytes += size(&items[at]); n > 0 && bytes > maxBytes {
			break
		}
		n++
	}
	if newest {
		return items[len(items)-n:], n < len(items)
	}
	return items[:n], n < len(items)
}
