// Package js holds the client for browsers, so that a Go server can serve it without npm: see
// README.md beside it.
package js

import "embed"

// Files has the modules of the client: index.js, and what it imports. Serve them in one directory,
// as text/javascript.
//
//go:embed index.js client.js connection.js outbox.js
var Files embed.FS
