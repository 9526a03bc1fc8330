package auth_test

import (
	"context"
	"errors"
	"fmt"
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

func TestARefusalKeepsItsErrors(t *testing.T) {
	why := fmt.Errorf("%w: the session was ended", auth.ErrInvalid)
	err := fmt.Errorf("sessions: %w", &auth.Refusal{Reason: "revoked", Err: why})
	var r *auth.Refusal
	if !errors.As(err, &r) || r.Reason != "revoked" || !errors.Is(err, auth.ErrInvalid) || errors.Is(err, auth.ErrExpired) {
		t.Errorf("the refusal is %v", err)
	}
	if want := "sessions: token is invalid: the session was ended"; err.Error() != want {
		t.Errorf("the text is %q, want %q", err, want)
	}
}
