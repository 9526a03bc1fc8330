package store_test

import (
	"testing"

	"github.com/coupchat/coup/store"
)

func TestNewClientIDIsNewAndNoClientCanSendIt(t *testing.T) {
	a, b := store.NewClientID(), store.NewClientID()
	if a == b {
		t.Errorf("NewClientID() = %q twice", a)
	}
	if !store.Generated(a) || store.ValidClientID(a) {
		t.Errorf("Generated(%q) = %v, ValidClientID = %v; want true, false", a, store.Generated(a), store.ValidClientID(a))
	}
}

func TestPublicHidesOnlyGeneratedClientIDs(t *testing.T) {
	for _, c := range []struct{ name, id, want string }{
		{"hides a generated one", store.NewClientID(), ""},
		{"shows a client's own", "c1", "c1"},
		{"leaves none as it is", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := (store.Message{ClientID: c.id}).Public().ClientID; got != c.want {
				t.Errorf("Public().ClientID of %q = %q, want %q", c.id, got, c.want)
			}
		})
	}
}
