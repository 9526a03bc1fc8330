// Package coup is realtime chat for study groups: a library that a Go server
// embeds.
package coup
