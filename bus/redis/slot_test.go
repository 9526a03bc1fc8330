package redis

import "testing"

func TestSlotIsThatOfTheCluster(t *testing.T) {
	for _, test := range []struct {
		name, channel string
		want          int
	}{
		{"the check value of the specification", "123456789", 0x31c3 % slotCount},
		{"an empty name", "", 0},
		{"only what stands in braces counts", "{user1000}.following", slot("user1000")},
		{"the first braces count", "foo{bar}{zap}", slot("bar")},
		{"the first closing brace ends it", "foo{{bar}}zap", slot("{bar")},
		{"empty braces do not count", "foo{}{bar}", 8363},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := slot(test.channel); got != test.want {
				t.Errorf("slot(%q) = %d, want %d", test.channel, got, test.want)
			}
		})
	}
}
