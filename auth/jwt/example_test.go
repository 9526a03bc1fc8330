package jwt_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/auth/jwt"
)

func Example() {
	// The login signs tokens. Usually it is another program.
	signer, err := jwt.NewHS256([]byte("a secret of at least 32 bytes, never in code"))
	if err != nil {
		fmt.Println(err)
		return
	}
	token, err := signer.Sign(auth.Identity{UserID: "u1", UserName: "Minsu", ExpiresAt: time.Now().Add(time.Hour)})
	if err != nil {
		fmt.Println(err)
		return
	}

	// The chat server verifies them.
	verifier, err := jwt.New(jwt.Options{Keys: []jwt.Key{signer.Key()}})
	if err != nil {
		fmt.Println(err)
		return
	}
	who, err := verifier.Verify(context.Background(), token)
	fmt.Println(who.UserID, who.UserName, err)

	_, err = verifier.Verify(context.Background(), token+"x")
	fmt.Println(errors.Is(err, auth.ErrInvalid))
	// Output:
	// u1 Minsu <nil>
	// true
}
