// Package faults tests a whole deployment while its parts fail. It has proxies that fail
// like networks do, clients that behave like the page and log what they send and receive,
// and a checker that compares the logs with the database. Its tests run the deployment as
// processes, with their own Redis and Postgres, and inject one fault after the other while
// clients post. docs/reliability.md says what they check.
package faults
