// Package browser holds no code: its tests drive the page of examples/fullstack in
// Chromium. It is a module of its own, so that nobody who uses coup gets the driver of the
// browser into the list of modules.
package browser
