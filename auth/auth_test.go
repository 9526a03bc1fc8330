package auth_test

import (
	"context"
	"testing"

	"github.com/coupchat/coup/auth"
)

func TestVerifierFuncCallsTheFunction(t *testing.T) {
	want := auth.Identity{UserID: "u1"}
	var v auth.Verifier = auth.VerifierFunc(func(_ context.Context, token string) (auth.Identity, error) {
		if token != "token" {
			return auth.Identity{}, auth.ErrInvalid
		}
		return want, nil
	})
	if got, err := v.Verify(t.Context(), "token"); got != want || err != nil {
		t.Errorf("Verify = %+v, %v, want %+v, nil", got, err, want)
	}
}
