package jwt_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/auth/jwt"
	"github.com/coupchat/coup/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestVerify(t *testing.T) {
	const claims = `{"sub":"u1","exp":946688400}`
	k := keys()
	valid := good("")
	dot := strings.LastIndex(valid, ".")
	for _, test := range []struct {
		name  string
		token string
		want  error // nil, auth.ErrInvalid or auth.ErrExpired
	}{
		{"accepts HS256", valid, nil},
		{"accepts RS256", craft(`{"alg":"RS256"}`, claims, rs), nil},
		{"accepts ES256", craft(`{"alg":"ES256"}`, claims, es), nil},
		{"accepts EdDSA", craft(`{"alg":"EdDSA"}`, claims, ed), nil},
		{"accepts a kid that fits", head(`{"alg":"HS256","kid":"hs"}`), nil},
		{"accepts a kid that is null", head(`{"alg":"HS256","kid":null,"typ":null,"crit":null}`), nil},
		{"accepts claims that are null", good(`,"name":null,"aud":null,"iss":null,"nbf":null,"iat":null,"nonce":null`), nil},
		{"accepts any typ", head(`{"alg":"HS256","typ":"at+jwt"}`), nil},
		{"accepts a name", good(`,"name":"민수 👋"`), nil},
		{"accepts a name of 200 units", good(`,"name":"` + strings.Repeat("👋", 100) + `"`), nil},
		{"accepts an escaped pair of surrogates", good(`,"name":"\ud83d\udc4b"`), nil},
		{"accepts an empty name", good(`,"name":""`), nil},
		{"accepts claims it does not know", good(`,"role":{"a":[1,null]},"scope":"x"`), nil},
		{"accepts nbf and iat of now", good(`,"nbf":946684800,"iat":946684800`), nil},
		{"accepts a date with a fraction", claimed(`{"sub":"u1","exp":946688400.75}`), nil},
		{"accepts an id of 128 characters", claimed(`{"sub":"` + long(128) + `","exp":946688400}`), nil},
		{"accepts all characters of ids", claimed(`{"sub":"aZ09_.:@|+=~-","exp":946688400}`), nil},
		{"ignores a jku", head(`{"alg":"HS256","jku":"http://localhost/keys"}`), nil},
		{"ignores an x5u", head(`{"alg":"HS256","x5u":"http://localhost/cert"}`), nil},
		{"ignores a jwk", head(`{"alg":"HS256","jwk":{"kty":"oct","k":"AAAA"}}`), nil},

		{"refuses nothing", "", auth.ErrInvalid},
		{"refuses one part", "abc", auth.ErrInvalid},
		{"refuses two parts", valid[:dot], auth.ErrInvalid},
		{"refuses four parts", valid + ".x", auth.ErrInvalid},
		{"refuses five parts as of JWE", "a.b.c.d.e", auth.ErrInvalid},
		{"refuses only dots", strings.Repeat(".", 8000), auth.ErrInvalid},
		{"refuses a scheme before it", "Bearer " + valid, auth.ErrInvalid},
		{"refuses space after it", valid + " ", auth.ErrInvalid},
		{"refuses a line end in it", valid[:10] + "\n" + valid[10:], auth.ErrInvalid},
		{"refuses padding", valid + "=", auth.ErrInvalid},
		{"refuses base64 of the other alphabet", strings.ReplaceAll(claimed(`{"sub":"u1","exp":946688400,"x":"???>>>"}`), "_", "/"), auth.ErrInvalid},
		{"refuses the same signature written otherwise", valid[:len(valid)-1] + string(valid[len(valid)-1]+1), auth.ErrInvalid},
		{"refuses over 8 KiB", good(`,"x":"` + long(8<<10) + `"`), auth.ErrInvalid},
		{"refuses bytes that are no text", "\xff\xfe.\x00.\x00", auth.ErrInvalid},

		{"refuses a changed header", flip(valid, 5), auth.ErrInvalid},
		{"refuses changed claims", flip(valid, strings.Index(valid, ".")+5), auth.ErrInvalid},
		{"refuses a changed signature", flip(valid, dot+5), auth.ErrInvalid},
		{"refuses no signature", valid[:dot+1], auth.ErrInvalid},
		{"refuses half a signature", valid[:dot+20], auth.ErrInvalid},
		{"refuses another secret", craft(hsHeader, claims, hs([]byte(long(32)))), auth.ErrInvalid},
		{"refuses an empty secret", craft(hsHeader, claims, hs(nil)), auth.ErrInvalid},
		{"refuses an ES256 signature of zeros", craft(`{"alg":"ES256"}`, claims, func(string) []byte { return make([]byte, 64) }), auth.ErrInvalid},

		{"refuses none", craft(`{"alg":"none"}`, claims, none), auth.ErrInvalid},
		{"refuses None", craft(`{"alg":"None"}`, claims, none), auth.ErrInvalid},
		{"refuses none with a signature", craft(`{"alg":"none"}`, claims, hs(secret)), auth.ErrInvalid},
		{"refuses no alg", head(`{"typ":"JWT"}`), auth.ErrInvalid},
		{"refuses an empty alg", head(`{"alg":""}`), auth.ErrInvalid},
		{"refuses an alg that is null", head(`{"alg":null}`), auth.ErrInvalid},
		{"refuses an alg that is a list", head(`{"alg":["HS256"]}`), auth.ErrInvalid},
		{"refuses alg in small letters", head(`{"alg":"hs256"}`), auth.ErrInvalid},
		{"refuses ALG", head(`{"ALG":"HS256"}`), auth.ErrInvalid},
		{"refuses two algs", head(`{"alg":"none","alg":"HS256"}`), auth.ErrInvalid},
		{"refuses an alg without a key", head(`{"alg":"HS512"}`), auth.ErrInvalid},
		{"refuses HS256 by the public key as PEM", craft(hsHeader, claims, hs(k.pem)), auth.ErrInvalid},
		{"refuses HS256 by the public key of EdDSA", craft(hsHeader, claims, hs(k.ed[32:])), auth.ErrInvalid},
		{"refuses PS256 by an RS256 key", craft(`{"alg":"PS256"}`, claims, rs), auth.ErrInvalid},
		{"refuses a kid of another algorithm", head(`{"alg":"HS256","kid":"rs"}`), auth.ErrInvalid},
		{"refuses an unknown kid", head(`{"alg":"HS256","kid":"old"}`), auth.ErrInvalid},
		{"refuses an empty kid", head(`{"alg":"HS256","kid":""}`), auth.ErrInvalid},
		{"refuses a kid that is a path", head(`{"alg":"HS256","kid":"../../dev/null"}`), auth.ErrInvalid},
		{"refuses a kid that is a number", head(`{"alg":"HS256","kid":1}`), auth.ErrInvalid},
		{"refuses a kid in another case", head(`{"alg":"HS256","kid":"HS"}`), auth.ErrInvalid},
		{"refuses crit", head(`{"alg":"HS256","crit":["exp"]}`), auth.ErrInvalid},
		{"refuses b64", head(`{"alg":"HS256","b64":false}`), auth.ErrInvalid},
		{"refuses zip", head(`{"alg":"HS256","zip":"DEF"}`), auth.ErrInvalid},
		{"refuses a header that is a list", head(`["alg","HS256"]`), auth.ErrInvalid},
		{"refuses a header that is null", head(`null`), auth.ErrInvalid},
		{"refuses more after the header", head(`{"alg":"HS256"}{}`), auth.ErrInvalid},

		{"refuses claims that are no JSON", claimed(`sub=u1`), auth.ErrInvalid},
		{"refuses claims that are a list", claimed(`[]`), auth.ErrInvalid},
		{"refuses claims that break off", claimed(`{"sub":"u1"`), auth.ErrInvalid},
		{"refuses more after the claims", claimed(claims + claims), auth.ErrInvalid},
		{"refuses claims that nest too deep", good(`,"x":` + strings.Repeat("[", 5000)), auth.ErrInvalid},
		{"refuses claims that are not UTF-8", good(",\"name\":\"\xff\""), auth.ErrInvalid},
		{"refuses two subs", claimed(`{"sub":"u2","sub":"u1","exp":946688400}`), auth.ErrInvalid},
		{"refuses two subs, the first null", claimed(`{"sub":null,"sub":"u1","exp":946688400}`), auth.ErrInvalid},
		{"refuses two subs, the last null", claimed(`{"sub":"u1","exp":946688400,"sub":null}`), auth.ErrInvalid},
		{"refuses two subs, one escaped", claimed(`{"s\u0075b":"u2","sub":"u1","exp":946688400}`), auth.ErrInvalid},
		{"refuses no sub", claimed(`{"exp":946688400}`), auth.ErrInvalid},
		{"refuses SUB", claimed(`{"SUB":"u1","exp":946688400}`), auth.ErrInvalid},
		{"refuses an empty sub", claimed(`{"sub":"","exp":946688400}`), auth.ErrInvalid},
		{"refuses a sub that is a number", claimed(`{"sub":1,"exp":946688400}`), auth.ErrInvalid},
		{"refuses a sub that is null", claimed(`{"sub":null,"exp":946688400}`), auth.ErrInvalid},
		{"refuses a sub of 129 characters", claimed(`{"sub":"` + long(129) + `","exp":946688400}`), auth.ErrInvalid},
		{"refuses a sub with a space", claimed(`{"sub":"u 1","exp":946688400}`), auth.ErrInvalid},
		{"refuses a sub with a line end", claimed(`{"sub":"u1\n","exp":946688400}`), auth.ErrInvalid},
		{"refuses a sub of a dot", claimed(`{"sub":".","exp":946688400}`), auth.ErrInvalid},
		{"refuses a sub of two dots", claimed(`{"sub":"..","exp":946688400}`), auth.ErrInvalid},
		{"refuses a sub with a slash", claimed(`{"sub":"../u1","exp":946688400}`), auth.ErrInvalid},
		{"refuses a sub that only looks like ASCII", claimed(`{"sub":"аdmin","exp":946688400}`), auth.ErrInvalid},
		{"cuts a name of 201 units", good(`,"name":"` + strings.Repeat("👋", 100) + `x"`), nil},
		{"drops NUL from a name", good(`,"name":"a\u0000b"`), nil},
		{"refuses a name with half a surrogate pair", good(`,"name":"\ud83d"`), auth.ErrInvalid},
		{"refuses a name that is an object", good(`,"name":{}`), auth.ErrInvalid},

		{"refuses no exp", claimed(`{"sub":"u1"}`), auth.ErrInvalid},
		{"refuses an exp that is null", claimed(`{"sub":"u1","exp":null}`), auth.ErrInvalid},
		{"refuses an exp that is a string", claimed(`{"sub":"u1","exp":"946688400"}`), auth.ErrInvalid},
		{"refuses a negative exp", claimed(`{"sub":"u1","exp":-1}`), auth.ErrInvalid},
		{"refuses an exp of minus nothing", claimed(`{"sub":"u1","exp":-0}`), auth.ErrInvalid},
		{"refuses a huge exp", claimed(`{"sub":"u1","exp":253402300800}`), auth.ErrInvalid},
		{"refuses an exp beyond 64 bits", claimed(`{"sub":"u1","exp":18446744073709551616}`), auth.ErrInvalid},
		{"refuses an exp in milliseconds", claimed(`{"sub":"u1","exp":946688400000}`), auth.ErrInvalid},
		{"refuses an exp with an exponent", claimed(`{"sub":"u1","exp":1e10}`), auth.ErrInvalid},
		{"refuses an exp with a fraction and an exponent", claimed(`{"sub":"u1","exp":1.5e10}`), auth.ErrInvalid},
		{"refuses an exp that is a list", claimed(`{"sub":"u1","exp":[946688400]}`), auth.ErrInvalid},
		{"refuses an nbf that is a string", good(`,"nbf":"0"`), auth.ErrInvalid},
		{"refuses an nbf tomorrow", good(`,"nbf":946771200`), auth.ErrInvalid},
		{"refuses an iat tomorrow", good(`,"iat":946771200`), auth.ErrInvalid},
		{"refuses an iat that is true", good(`,"iat":true`), auth.ErrInvalid},
		{"refuses an aud that is a number", good(`,"aud":1`), auth.ErrInvalid},
		{"refuses an aud with null in it", good(`,"aud":["a",null]`), auth.ErrInvalid},
		{"refuses an aud with a number in it", good(`,"aud":["a",1]`), auth.ErrInvalid},

		{"says that it expired yesterday", claimed(`{"sub":"u1","exp":946598400}`), auth.ErrExpired},
		{"says that it expired in 1970", claimed(`{"sub":"u1","exp":0}`), auth.ErrExpired},
		{"does not call a forged one expired", craft(hsHeader, `{"sub":"u1","exp":1}`, hs(nil)), auth.ErrInvalid},
		{"does not call one without sub expired", claimed(`{"exp":1}`), auth.ErrInvalid},
		{"does not call one of the future expired", claimed(`{"sub":"u1","exp":1,"nbf":946771200}`), auth.ErrInvalid},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := verifier(t, jwt.Options{Keys: k.public()})
				who, err := v.Verify(t.Context(), test.token)
				if !errors.Is(err, test.want) {
					t.Errorf("Verify(%.100q) = %v, want %v", test.token, err, test.want)
				}
				if err == nil && (who.UserID == "" || who.ExpiresAt.Unix() != 946688400) || err != nil && who != (auth.Identity{}) {
					t.Errorf("Verify(%.100q) = %+v, %v", test.token, who, err)
				}
				if err != nil && len(test.token) > 8 && strings.Contains(err.Error(), test.token[:8]) {
					t.Errorf("the error quotes the token: %v", err)
				}
			})
		})
	}
}

func verifier(t testing.TB, o jwt.Options) *jwt.Verifier {
	t.Helper()
	v, err := jwt.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestVerifyChecksIssuerAndAudience(t *testing.T) {
	for _, test := range []struct {
		name  string
		token string
		good  bool
	}{
		{"both fit", good(`,"iss":"team","aud":"chat"`), true},
		{"one of several audiences fits", good(`,"iss":"team","aud":["mail","chat"]`), true},
		{"no issuer", good(`,"aud":"chat"`), false},
		{"another issuer", good(`,"iss":"Team","aud":"chat"`), false},
		{"issuer is a list", good(`,"iss":["team"],"aud":"chat"`), false},
		{"no audience", good(`,"iss":"team"`), false},
		{"another audience", good(`,"iss":"team","aud":"chatter"`), false},
		{"empty list of audiences", good(`,"iss":"team","aud":[]`), false},
		{"audience is null", good(`,"iss":"team","aud":null`), false},
		{"another audience and expired", claimed(`{"sub":"u1","exp":1,"iss":"team","aud":"x"}`), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := verifier(t, jwt.Options{Keys: keys().public(), Issuer: "team", Audience: "chat"})
				_, err := v.Verify(t.Context(), test.token)
				if test.good && err != nil || !test.good && !errors.Is(err, auth.ErrInvalid) {
					t.Errorf("Verify = %v, want good: %t", err, test.good)
				}
			})
		})
	}
}

func TestVerifyAllowsClocksToDiffer(t *testing.T) {
	const now = 946684800 // in the bubble
	for _, test := range []struct {
		name   string
		leeway time.Duration
		claims string
		after  time.Duration
		want   error
	}{
		{"just before exp", -1, `,"exp":946684860`, 60*time.Second - 1, nil},
		{"at exp", -1, `,"exp":946684860`, 60 * time.Second, auth.ErrExpired},
		{"just before exp and the default", 0, `,"exp":946684860`, 90*time.Second - 1, nil},
		{"at exp and the default", 0, `,"exp":946684860`, 90 * time.Second, auth.ErrExpired},
		{"just before exp and the most", time.Minute, `,"exp":946684860`, 120*time.Second - 1, nil},
		{"at exp and the most", time.Minute, `,"exp":946684860`, 120 * time.Second, auth.ErrExpired},
		{"just before nbf", -1, `,"exp":946689999,"nbf":946684860`, 60*time.Second - 1, auth.ErrInvalid},
		{"at nbf", -1, `,"exp":946689999,"nbf":946684860`, 60 * time.Second, nil},
		{"just before nbf and the default", 0, `,"exp":946689999,"nbf":946684860`, 30*time.Second - 1, auth.ErrInvalid},
		{"at nbf and the default", 0, `,"exp":946689999,"nbf":946684860`, 30 * time.Second, nil},
		{"just before iat", -1, `,"exp":946689999,"iat":946684860`, 60*time.Second - 1, auth.ErrInvalid},
		{"at iat and the default", 0, `,"exp":946689999,"iat":946684860`, 30 * time.Second, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if got := time.Now().Unix(); got != now {
					t.Fatalf("the bubble begins at %d", got)
				}
				v := verifier(t, jwt.Options{Keys: keys().public(), Leeway: test.leeway})
				<-time.After(test.after)
				_, err := v.Verify(t.Context(), claimed(`{"sub":"u1"`+test.claims+`}`))
				if !errors.Is(err, test.want) {
					t.Errorf("Verify after %s with leeway %s = %v, want %v", test.after, test.leeway, err, test.want)
				}
			})
		})
	}
}

func TestVerifyStopsWhenContextIsDone(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := verifier(t, jwt.Options{Keys: keys().public()}).Verify(ctx, good(""))
	if !errors.Is(err, context.Canceled) || errors.Is(err, auth.ErrInvalid) {
		t.Errorf("Verify with a cancelled context = %v, want context.Canceled alone", err)
	}
}

func FuzzVerify(f *testing.F) {
	signer, err := jwt.NewHS256(secret)
	if err != nil {
		f.Fatal(err)
	}
	token, err := signer.Sign(auth.Identity{UserID: "u1", UserName: "Min", ExpiresAt: time.Now().Add(time.Hour)})
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{token, "", "..", craft(`{"alg":"none"}`, `{}`, none), claimed(`{"sub":"u1","exp":1.5}`)} {
		f.Add(s, s)
	}
	f.Add(`{"alg":"HS256","kid":null}`, `{"sub":"auth0|a.b+c=~","exp":99999999999,"aud":null,"name":null}`)
	f.Add(hsHeader, `{"sub":"u1","exp":99999999999,"name":"\ud83d\udc4b","aud":["a"]}`)
	v := verifier(f, jwt.Options{Keys: []jwt.Key{signer.Key()}})
	f.Fuzz(func(t *testing.T, a, b string) {
		// Once as a token, once as header and claims with a valid signature.
		for _, token := range []string{a, craft(a, b, hs(secret))} {
			who, err := v.Verify(t.Context(), token)
			switch {
			case err != nil:
				var r *auth.Refusal
				if !errors.As(err, &r) || r.Reason == "" || errors.Is(err, auth.ErrInvalid) == errors.Is(err, auth.ErrExpired) {
					t.Errorf("Verify(%q) = %v, want a refusal with a reason and either ErrInvalid or ErrExpired", token, err)
				}
			case !store.ValidID(who.UserID) || who.ExpiresAt.IsZero() || !store.ValidUserName(who.UserName):
				t.Errorf("Verify(%q) = %+v", token, who)
			}
		}
	})
}
