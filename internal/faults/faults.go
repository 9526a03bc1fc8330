// Package faults sets fire to a whole deployment and looks at what is left. It
// holds what such a test is made of: proxies that fail in the ways networks do,
// clients that behave like the page and log all they say and hear, and a checker
// that holds the logs against the database. Its tests run the deployment as
// processes, with Redis and Postgres of their own, and inject the catalogue of
// faults while people talk; docs/reliability.md says what that proves.
package faults
