package main

import (
	"io"
	"strings"
	"testing"
)

// Any flags are refused with an error, or make a configuration that passes its own check.
func FuzzConfig(f *testing.F) {
	f.Add("-role=api -redis=redis://x -jwt-secret=01234567890123456789012345678901 -service-token=01234567890123456789012345678901")
	f.Add("-database memory: -origins https://a.example,http://b.example:8080 -rate 0.5 -max-rooms -1 -ping-every 5s")
	f.Add("-signaling-url wss://x/ws -api-addr :0 -open -demo-login=false")
	f.Fuzz(func(t *testing.T, line string) {
		c, err := parse(strings.Fields(line), environ(), io.Discard)
		if err != nil {
			return
		}
		if err := c.check(); err != nil {
			t.Errorf("%q passes, and then: %v", line, err)
		}
		for _, token := range c.serviceTokens {
			if len(token) < minSecret {
				t.Errorf("%q has a short service token", line)
			}
		}
	})
}
