package main

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/coupchat/coup/store"
)

// Limits of texts, in characters.
const (
	maxName   = 40
	maxTitle  = 80
	maxNotice = 500
)

// cleanLine trims one line of text. It checks that the line has 1 to limit characters, at
// least one that is visible, and none that changes the text around it.
func cleanLine(what, s string, limit int) (string, error) {
	s = strings.TrimSpace(s)
	if !store.ValidUserName(s) || strings.ContainsRune(s, utf8.RuneError) {
		return "", badRequest(what + " holds characters that do not belong in it")
	}
	visible := false
	for _, r := range s {
		visible = visible || unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S)
	}
	switch {
	case !visible:
		return "", badRequest(what + " is empty")
	case utf8.RuneCountInString(s) > limit:
		return "", badRequest(what + " is too long")
	}
	return s, nil
}

// cleanText trims a text of several lines.
func cleanText(what, s string, limit int) (string, error) {
	s = strings.TrimSpace(s)
	switch {
	case s == "":
		return "", badRequest(what + " is empty")
	case strings.IndexByte(s, 0) >= 0:
		return "", badRequest(what + " holds characters that do not belong in it")
	case store.UTF16Len(s) > limit:
		return "", badRequest(what + " is too long")
	}
	return s, nil
}
