package jwt_test

import (
	"crypto/ed25519"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/auth/jwt"
)

// A sample is a token shaped as a provider makes it. IAT and EXP in it stand for times.
type sample struct {
	provider, header, claims string
	issuer, audience         string // what an application would require
	user, userName           string
	reason                   string // of the refusal, if it is not accepted
}

// samples have the fields that the documentation of the providers shows, with values of the
// same form. An access token often has no name: then the user name is empty.
var samples = []sample{
	{"Auth0, access token", `{"alg":"RS256","typ":"JWT","kid":"qIFyLhR4gGpXv"}`,
		`{"iss":"https://demo.eu.auth0.com/","sub":"auth0|6553da60a54af58e29493993","aud":["https://chat.example.com","https://demo.eu.auth0.com/userinfo"],"iat":IAT,"exp":EXP,"scope":"openid profile","azp":"K1AUPhZq8mRi0Q0pjhkfu1D7y6KjDQja"}`,
		"https://demo.eu.auth0.com/", "https://chat.example.com", "auth0|6553da60a54af58e29493993", "", ""},
	{"Auth0, RFC 9068 profile", `{"alg":"RS256","typ":"at+jwt","kid":"qIFyLhR4gGpXv"}`,
		`{"iss":"https://demo.eu.auth0.com/","sub":"google-oauth2|103547991597142817347","aud":"https://chat.example.com","iat":IAT,"exp":EXP,"client_id":"K1AU","jti":"73WakrfVbNJBaAmhQtEeDv","permissions":[]}`,
		"https://demo.eu.auth0.com/", "https://chat.example.com", "google-oauth2|103547991597142817347", "", ""},
	{"Auth0, ID token of an enterprise connection", `{"alg":"RS256","typ":"JWT","kid":"qIFyLhR4gGpXv"}`,
		`{"nickname":"mina","name":"Mina Kim","picture":"https://s.example.com/a.png","updated_at":"2026-11-22T10:00:00.123Z","email":"mina@example.com","email_verified":true,"iss":"https://demo.eu.auth0.com/","aud":"K1AU","sub":"samlp|corp|mina+dev@example.com","iat":IAT,"exp":EXP,"nonce":"bG9naW4=","sid":"qW"}`,
		"https://demo.eu.auth0.com/", "K1AU", "samlp|corp|mina+dev@example.com", "Mina Kim", ""},
	{"Auth0, machine to machine", `{"alg":"RS256","typ":"JWT","kid":"qIFyLhR4gGpXv"}`,
		`{"iss":"https://demo.eu.auth0.com/","sub":"awZfdIir8YFdGZWkvCejDoUb7SjTDicx@clients","aud":"https://chat.example.com","iat":IAT,"exp":EXP,"gty":"client-credentials","azp":"awZf"}`,
		"https://demo.eu.auth0.com/", "https://chat.example.com", "awZfdIir8YFdGZWkvCejDoUb7SjTDicx@clients", "", ""},
	{"Auth0, without an audience: encrypted", `{"alg":"dir","enc":"A256GCM","iss":"https://demo.eu.auth0.com/"}`, `JWE`, "", "", "", "", "encrypted"},
	{"Okta, access token", `{"kid":"lVHzGFDXHV","alg":"RS256"}`,
		`{"ver":1,"jti":"AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE","iss":"https://dev-1.okta.com/oauth2/default","aud":"api://default","iat":IAT,"exp":EXP,"cid":"nmdP1fcyvdVO11AL7ECm","uid":"00ujmkLgagxeRrAg20g3","scp":["openid","email"],"sub":"mina.kim+chat@example.com","auth_time":IAT}`,
		"https://dev-1.okta.com/oauth2/default", "api://default", "mina.kim+chat@example.com", "", ""},
	{"Okta, ID token", `{"kid":"lVHzGFDXHV","alg":"RS256"}`,
		`{"sub":"00uid4BxXw6I6TV4m0g3","name":"Mina Kim","email":"mina@example.com","ver":1,"iss":"https://dev-1.okta.com/oauth2/default","aud":"nmdP1f","iat":IAT,"exp":EXP,"jti":"ID.4eAWJOCMB3SX8XewDfVR","amr":["pwd","mfa"],"idp":"00o1","at_hash":"cpqKfdQA5eH891Ff5oJr_Q"}`,
		"https://dev-1.okta.com/oauth2/default", "nmdP1f", "00uid4BxXw6I6TV4m0g3", "Mina Kim", ""},
	{"Keycloak, access token", `{"alg":"RS256","typ":"JWT","kid":"FJ86GcF3jTbNLOco4NvZkUCIUmfYCqoqtOQeMfbhNlE"}`,
		`{"exp":EXP,"iat":IAT,"jti":"f0e1c0a6","iss":"https://id.example.com/realms/demo","aud":["chat","account"],"sub":"b7a5e1d2-5b1e-4b0f-9f0c-2f3f4c1d2e3f","typ":"Bearer","azp":"web","session_state":"9c","acr":"1","realm_access":{"roles":["user"]},"resource_access":{"account":{"roles":["view-profile"]}},"scope":"email profile","name":"Mina Kim","preferred_username":"mina","nbf":null}`,
		"https://id.example.com/realms/demo", "chat", "b7a5e1d2-5b1e-4b0f-9f0c-2f3f4c1d2e3f", "Mina Kim", ""},
	{"Keycloak, a client without the audience", `{"alg":"RS256","typ":"JWT","kid":"FJ86"}`,
		`{"exp":EXP,"iat":IAT,"iss":"https://id.example.com/realms/demo","aud":"account","sub":"b7a5e1d2-5b1e-4b0f-9f0c-2f3f4c1d2e3f","typ":"Bearer"}`,
		"https://id.example.com/realms/demo", "chat", "", "", "audience"},
	{"Keycloak, lightweight access token", `{"alg":"RS256","typ":"JWT","kid":"FJ86"}`,
		`{"exp":EXP,"iat":IAT,"iss":"https://id.example.com/realms/demo","typ":"Bearer","azp":"web","scope":"profile"}`,
		"https://id.example.com/realms/demo", "", "", "", "subject"},
	{"Entra ID, v1 access token", `{"typ":"JWT","alg":"RS256","x5t":"i6lGk3FZzxRcUb2C3nEQ7syHJlY","kid":"i6lGk3FZzxRcUb2C3nEQ7syHJlY"}`,
		`{"aud":"api://6e74","iss":"https://sts.windows.net/fa15d692/","iat":IAT,"nbf":IAT,"exp":EXP,"acr":"1","aio":"AXQ+/8IAAAAtyw==","amr":["pwd"],"appid":"6e74","appidacr":"0","name":"Mina Kim","oid":"690222be","scp":"chat","sub":"AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ","tid":"fa15d692","unique_name":"mina@example.com","upn":"mina@example.com","ver":"1.0"}`,
		"https://sts.windows.net/fa15d692/", "api://6e74", "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ", "Mina Kim", ""},
	{"Entra ID, v2 access token", `{"typ":"JWT","alg":"RS256","kid":"MNtIVxhIqMQFgCLyW1Khc"}`,
		`{"aud":"6e74172b","iss":"https://login.microsoftonline.com/fa15d692/v2.0","iat":IAT,"nbf":IAT,"exp":EXP,"azp":"6e74172b","azpacr":"0","name":"김민아","oid":"690222be","preferred_username":"mina@example.com","scp":"chat","sub":"HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ","tid":"fa15d692","ver":"2.0"}`,
		"https://login.microsoftonline.com/fa15d692/v2.0", "6e74172b", "HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ", "김민아", ""},
	{"Entra ID, access token for Microsoft Graph", `{"typ":"JWT","nonce":"AQABAAAAAAD","alg":"RS256","kid":"MNtIVxhIqMQFgCLyW1Khc"}`,
		`FORGED{"aud":"00000003-0000-0000-c000-000000000000","iss":"https://sts.windows.net/fa15d692/","iat":IAT,"exp":EXP,"sub":"HKZpfaHyWadeOouY"}`, "", "", "", "", "signature"},
	{"Google, ID token", `{"alg":"RS256","kid":"1e9gdk7","typ":"JWT"}`,
		`{"iss":"https://accounts.google.com","azp":"1234987819200.apps.googleusercontent.com","aud":"1234987819200.apps.googleusercontent.com","sub":"110169484474386276334","at_hash":"HK6E_P6Dh8Y93mRNtsDB1Q","hd":"example.com","email":"mina@example.com","email_verified":true,"name":"Mina Kim","given_name":"Mina","iat":IAT,"exp":EXP,"nonce":"0394852-3190485-2490358"}`,
		"https://accounts.google.com", "1234987819200.apps.googleusercontent.com", "110169484474386276334", "Mina Kim", ""},
	{"Google, access token: opaque", ``, `ya29.a0AfH6SMBVLVsRYE`, "", "", "", "", "malformed"},
	{"Firebase", `{"alg":"RS256","kid":"12809dd239d24bd379c0ad191f8b0edcdb9d3914","typ":"JWT"}`,
		`{"name":"Mina Kim","iss":"https://securetoken.google.com/demo-app","aud":"demo-app","auth_time":IAT,"user_id":"Zx1fEjZtYpS9zI0Xr8Yk2N3hQ7v2","sub":"Zx1fEjZtYpS9zI0Xr8Yk2N3hQ7v2","iat":IAT,"exp":EXP,"email_verified":false,"firebase":{"identities":{"email":["mina@example.com"]},"sign_in_provider":"password"}}`,
		"https://securetoken.google.com/demo-app", "demo-app", "Zx1fEjZtYpS9zI0Xr8Yk2N3hQ7v2", "Mina Kim", ""},
	{"Cognito, ID token", `{"kid":"1234example=","alg":"RS256"}`,
		`{"sub":"aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee","cognito:groups":["study"],"email_verified":true,"cognito:preferred_role":"arn:aws:iam::111122223333:role/x","iss":"https://cognito-idp.us-west-2.amazonaws.com/us-west-2_example","cognito:username":"mina","origin_jti":"a1","cognito:roles":[],"aud":"xxxxxxxxxxxxexample","event_id":"64f5","token_use":"id","auth_time":IAT,"exp":EXP,"iat":IAT,"jti":"b2","email":"mina@example.com"}`,
		"https://cognito-idp.us-west-2.amazonaws.com/us-west-2_example", "xxxxxxxxxxxxexample", "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "", ""},
	{"Cognito, access token", `{"kid":"1234example=","alg":"RS256"}`,
		`{"sub":"aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee","device_key":"d","iss":"https://cognito-idp.us-west-2.amazonaws.com/us-west-2_example","version":2,"client_id":"xxxxxxxxxxxxexample","token_use":"access","scope":"openid","auth_time":IAT,"exp":EXP,"iat":IAT,"jti":"b2","username":"mina"}`,
		"https://cognito-idp.us-west-2.amazonaws.com/us-west-2_example", "", "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "", ""},
	{"Cognito, access token, which has no audience to require", `{"kid":"1234example=","alg":"RS256"}`,
		`{"sub":"aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee","client_id":"xxxxxxxxxxxxexample","token_use":"access","exp":EXP,"iat":IAT}`, "", "xxxxxxxxxxxxexample", "", "", "audience"},
	{"AWS load balancer, x-amzn-oidc-data", `{"typ":"JWT","kid":"12345678","alg":"ES256","iss":"https://id.example.com","client":"c","signer":"arn:aws","exp":EXP}`,
		`PADDED{"sub":"mina","name":"Mina Kim","exp":EXP,"iss":"https://id.example.com"}`, "", "", "", "", "malformed"},
	{"Supabase, with a shared secret", `{"alg":"HS256","kid":"pUSIgVZLHsD","typ":"JWT"}`,
		`{"aal":"aal1","amr":[{"method":"password","timestamp":IAT}],"app_metadata":{"provider":"email","providers":["email"]},"aud":"authenticated","email":"mina@example.com","exp":EXP,"iat":IAT,"is_anonymous":false,"iss":"https://abc.supabase.co/auth/v1","phone":"","role":"authenticated","session_id":"4b938a09","sub":"8ce0ccb1-7c5a-4b8c-9f0c-2f3f4c1d2e3f","user_metadata":{"full_name":"Mina Kim"}}`,
		"https://abc.supabase.co/auth/v1", "authenticated", "8ce0ccb1-7c5a-4b8c-9f0c-2f3f4c1d2e3f", "", ""},
	{"Supabase, with signing keys", `{"alg":"ES256","kid":"b9feda3d-95a0-4bc4-8bd4-6b1e6a1c1a11","typ":"JWT"}`,
		`{"iss":"https://abc.supabase.co/auth/v1","sub":"8ce0ccb1-7c5a-4b8c-9f0c-2f3f4c1d2e3f","aud":"authenticated","exp":EXP,"iat":IAT,"email":null,"phone":null,"role":"authenticated","is_anonymous":true}`,
		"https://abc.supabase.co/auth/v1", "authenticated", "8ce0ccb1-7c5a-4b8c-9f0c-2f3f4c1d2e3f", "", ""},
	{"Clerk", `{"alg":"RS256","cat":"cl_B7d4PD111AAA","kid":"ins_2GIoQhbUpy0hX7B2cVkuTMinXoD","typ":"JWT"}`,
		`{"azp":"https://app.example.com","exp":EXP,"fva":[7,-1],"iat":IAT,"iss":"https://clerk.example.com","jti":"a1","nbf":IAT,"o":{"id":"org_1","rol":"admin","slg":"team"},"pla":"u:free","sid":"sess_1","sts":"active","sub":"user_2bX9YhQ0pZ5rT1wV3uC8dE7fG6h","v":2}`,
		"https://clerk.example.com", "", "user_2bX9YhQ0pZ5rT1wV3uC8dE7fG6h", "", ""},
	{"WorkOS", `{"alg":"RS256","kid":"sso_oidc_key_pair_01HXYZ"}`,
		`{"iss":"https://api.workos.com/user_management/client_01H","sub":"user_01HBEQKA6K4QJAS93VPE39W1JT","sid":"session_01H","org_id":"org_01H","role":"member","permissions":["posts:read"],"entitlements":[],"jti":"01H","iat":IAT,"exp":EXP,"act":null}`,
		"https://api.workos.com/user_management/client_01H", "", "user_01HBEQKA6K4QJAS93VPE39W1JT", "", ""},
	{"Ory Hydra", `{"alg":"RS256","kid":"public:hydra.jwt.access-token","typ":"JWT"}`,
		`{"aud":[],"client_id":"web","exp":EXP,"ext":{},"iat":IAT,"iss":"https://hydra.example.com","jti":"2b","nbf":IAT,"scp":["openid","offline"],"sub":"mina@example.com"}`,
		"https://hydra.example.com", "", "mina@example.com", "", ""},
	{"Zitadel", `{"alg":"RS256","kid":"257787963512324099","typ":"JWT"}`,
		`{"iss":"https://demo.zitadel.cloud","sub":"259254409320529922","aud":["259254317079330818@demo","259254020357488642"],"exp":EXP,"iat":IAT,"auth_time":IAT,"amr":["password","pwd"],"azp":"259254317079330818@demo","name":"Mina Kim","urn:zitadel:iam:org:project:roles":{"admin":{"259":"demo.example.com"}}}`,
		"https://demo.zitadel.cloud", "259254020357488642", "259254409320529922", "Mina Kim", ""},
	{"FusionAuth", `{"alg":"HS256","typ":"JWT","gty":["password"],"kid":"5bb1e9a3c"}`,
		`{"aud":"858a4b01-62c8-4c2f-bfa7-6d018833bea7","exp":EXP,"iat":IAT,"iss":"acme.com","sub":"00000000-0000-0001-0000-000000000001","jti":"3b","authenticationType":"PASSWORD","email":"mina@example.com","email_verified":true,"preferred_username":"mina","applicationId":"858a","roles":[],"auth_time":IAT,"tid":"11ed"}`,
		"acme.com", "858a4b01-62c8-4c2f-bfa7-6d018833bea7", "00000000-0000-0001-0000-000000000001", "", ""},
	{"PingOne", `{"alg":"RS256","kid":"default"}`,
		`{"client_id":"ce2b","iss":"https://auth.pingone.eu/5caa/as","iat":IAT,"exp":EXP,"aud":["https://api.pingone.eu"],"scope":"p1:read:user","sub":"f2e7a1b3-0b1c-4d5e-8f90-a1b2c3d4e5f6","sid":"62","auth_time":IAT,"acr":"Single_Factor","amr":["pwd"],"env":"5caa","org":"ce2b","p1.rid":"r1"}`,
		"https://auth.pingone.eu/5caa/as", "https://api.pingone.eu", "f2e7a1b3-0b1c-4d5e-8f90-a1b2c3d4e5f6", "", ""},
	{"OneLogin", `{"alg":"RS256","kid":"JRcO4nxs5jgc8YdN7I2hLO4V_ql1bdoiMXmcYgHm4Hs"}`,
		`{"sub":"31171549","email":"mina@example.com","preferred_username":"mina","name":"Mina Kim","updated_at":IAT,"given_name":"Mina","groups":["a b","c"],"sid":"1","aud":"b40a","exp":EXP,"iat":IAT,"iss":"https://demo.onelogin.com/oidc/2"}`,
		"https://demo.onelogin.com/oidc/2", "b40a", "31171549", "Mina Kim", ""},
	{"Apple", `{"kid":"fh6Bs8C","alg":"RS256"}`,
		`{"iss":"https://appleid.apple.com","aud":"com.example.chat","exp":EXP,"iat":IAT,"sub":"001234.0123456789abcdef0123456789abcdef.0456","nonce":"n","c_hash":"h","email":"x7@privaterelay.appleid.com","email_verified":"true","is_private_email":"true","auth_time":IAT,"nonce_supported":true}`,
		"https://appleid.apple.com", "com.example.chat", "001234.0123456789abcdef0123456789abcdef.0456", "", ""},
	{"GitHub Actions", `{"typ":"JWT","alg":"RS256","x5t":"example-thumbprint","kid":"example-key-id"}`,
		`{"jti":"example-id","sub":"repo:octo-org/octo-repo:environment:prod","environment":"prod","aud":"https://github.com/octo-org","ref":"refs/heads/main","run_attempt":"2","iss":"https://token.actions.githubusercontent.com","nbf":IAT,"exp":EXP,"iat":IAT}`,
		"https://token.actions.githubusercontent.com", "", "", "", "subject"},
	{"GitLab, ID token", `{"typ":"JWT","kid":"kewiQq9jiC84CvSsJYOB-N6A8WFLSV20Mb-y7IlWDSQ","alg":"RS256"}`,
		`{"iss":"https://gitlab.com","sub":"7654321","aud":"8ddb","exp":EXP,"iat":IAT,"nonce":null,"auth_time":IAT,"sub_legacy":"5f","name":"Mina Kim","nickname":"mina","preferred_username":"mina","groups_direct":["team/chat"]}`,
		"https://gitlab.com", "8ddb", "7654321", "Mina Kim", ""},
	{"GitLab, CI job", `{"kid":"k","typ":"JWT","alg":"RS256"}`,
		`{"iss":"https://gitlab.com","aud":"https://chat.example.com","sub":"project_path:team/chat:ref_type:branch:ref:main","iat":IAT,"nbf":IAT,"exp":EXP}`, "", "https://chat.example.com", "", "", "subject"},
	{"NextAuth with its own encode, signed", `{"alg":"HS256"}`,
		`{"name":"Mina Kim","email":"mina@example.com","picture":null,"sub":"clx3k2l0p0000qzrm","iat":IAT,"exp":EXP,"jti":"bda9"}`, "", "", "clx3k2l0p0000qzrm", "Mina Kim", ""},
	{"NextAuth as it comes: encrypted", `{"alg":"dir","enc":"A256CBC-HS512","kid":"t1"}`, `JWE`, "", "", "", "", "encrypted"},
	{"Better Auth", `{"alg":"EdDSA","kid":"c5c7995d-0000-4000-8000-000000000001"}`,
		`{"iat":IAT,"name":"Mina Kim","email":"mina@example.com","emailVerified":false,"image":null,"createdAt":"2026-11-22T10:00:00.123Z","id":"sa","sub":"jV4gTnHk0Qx8sLr2","exp":EXP,"iss":"https://app.example.com","aud":"https://app.example.com"}`,
		"https://app.example.com", "https://app.example.com", "jV4gTnHk0Qx8sLr2", "Mina Kim", ""},
	{"Descope", `{"alg":"RS256","kid":"SK2OoyfpCrlMlsZL6OVQ","typ":"JWT"}`,
		`{"amr":["email"],"drn":"DS","exp":EXP,"iat":IAT,"iss":"https://api.descope.com/P2Ooye","rexp":"2026-12-20T10:00:00Z","sub":"U2OozQfLg9l","tenants":{"t1":{"roles":[]}},"dct":null}`,
		"https://api.descope.com/P2Ooye", "", "U2OozQfLg9l", "", ""},
	{"Stytch", `{"alg":"RS256","kid":"jwk-live-fe6c042b","typ":"JWT"}`,
		`{"aud":["project-live-8aed2e54"],"exp":EXP,"https://stytch.com/session":{"id":"session-live-fe6c","started_at":"2026-08-09T07:41:52Z","attributes":{"ip_address":"203.0.113.1"},"authentication_factors":[{"type":"magic_link"}]},"iat":IAT,"iss":"stytch.com/project-live-8aed2e54","nbf":IAT,"sub":"user-live-16d9ba61-97a1-4ba4-9720-b03761dc50c6"}`,
		"stytch.com/project-live-8aed2e54", "project-live-8aed2e54", "user-live-16d9ba61-97a1-4ba4-9720-b03761dc50c6", "", ""},
	{"Laravel Passport, with fractions of seconds", `{"typ":"JWT","alg":"RS256"}`,
		`{"aud":"276a3bc8","jti":"ba1cdaed","iat":IAT.795617,"nbf":IAT.79562,"exp":EXP.68163,"sub":"3","scopes":["*"]}`, "", "276a3bc8", "3", "", ""},
	{"Laravel Passport 10.1, with times as text", `{"typ":"JWT","alg":"RS256"}`,
		`{"aud":"276a3bc8","iat":"IAT.152245","nbf":"IAT.152245","exp":"EXP.123882","sub":"3"}`, "", "", "", "", "malformed"},
	{"Kakao", `{"kid":"9f252dadd5f233f93d2fa528d12fea","typ":"JWT","alg":"RS256"}`,
		`{"aud":"APP_KEY","sub":"166959","auth_time":IAT,"iss":"https://kauth.kakao.com","nickname":"민아","exp":EXP,"iat":IAT,"picture":"https://s.example.com/a.png"}`,
		"https://kauth.kakao.com", "APP_KEY", "166959", "", ""},
	{"LINE", `{"typ":"JWT","alg":"HS256"}`,
		`{"iss":"https://access.line.me","sub":"U1234567890abcdef1234567890abcdef","aud":"1234567890","exp":EXP,"iat":IAT,"nonce":"0987654asdf","amr":["pwd"],"name":"Mina","picture":"https://s.example.com/a.png"}`,
		"https://access.line.me", "1234567890", "U1234567890abcdef1234567890abcdef", "Mina", ""},
	{"Kubernetes service account", `{"alg":"RS256","kid":"B3PVvq"}`,
		`{"aud":["chat"],"exp":EXP,"iat":IAT,"iss":"https://kubernetes.default.svc","kubernetes.io":{"namespace":"bots","serviceaccount":{"name":"helper","uid":"14"}},"nbf":IAT,"sub":"system:serviceaccount:bots:helper"}`,
		"https://kubernetes.default.svc", "chat", "system:serviceaccount:bots:helper", "", ""},
	{"Salesforce, whose sub is a URL", `{"kid":"240","typ":"JWT","alg":"RS256"}`,
		`{"at_hash":"fBZ","sub":"https://login.salesforce.com/id/00D7/0057","aud":"3MVG9","iss":"https://login.salesforce.com","exp":EXP,"iat":IAT}`, "https://login.salesforce.com", "3MVG9", "", "", "subject"},
	{"Discord, bot token: three parts that are no JSON", ``, `MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs`, "", "", "", "", "malformed"},
}

func TestTokensOfProviders(t *testing.T) {
	k := keys()
	signers := map[string]struct {
		sign signer
		key  any
	}{
		"RS256": {rs, &k.rsa.PublicKey}, "ES256": {es, &k.ecdsa.PublicKey},
		"HS256": {hs(secret), secret}, "EdDSA": {ed, k.ed.Public().(ed25519.PublicKey)},
	}
	times := strings.NewReplacer("IAT", "946684800", "EXP", "946688400")
	for _, s := range samples {
		t.Run(s.provider, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				algorithm := "RS256"
				for name := range signers {
					if strings.Contains(s.header, `"alg":"`+name+`"`) {
						algorithm = name
					}
				}
				with := signers[algorithm]
				header, claims := times.Replace(s.header), times.Replace(s.claims)
				token := craft(header, claims, with.sign)
				switch {
				case header == "":
					token = claims
				case claims == "JWE":
					token = b64(header) + "..aXYaXYaXYaXY.Y2lwaGVydGV4dA.dGFndGFndGFndGFn"
				case strings.HasPrefix(claims, "PADDED"):
					token = craft(header, strings.TrimPrefix(claims, "PADDED"), with.sign) + "="
				case strings.HasPrefix(claims, "FORGED"): // the header that was signed has a hash of the nonce
					signed := craft(strings.Replace(header, "nonce", "hash", 1), strings.TrimPrefix(claims, "FORGED"), with.sign)
					token = b64(header) + signed[strings.IndexByte(signed, '.'):]
				}
				// A key without an ID, as it is copied from a page of the provider.
				v := verifier(t, jwt.Options{Keys: []jwt.Key{{Algorithm: algorithm, Key: with.key}}, Issuer: s.issuer, Audience: s.audience})
				who, err := v.Verify(t.Context(), token)
				if s.reason != "" {
					var r *auth.Refusal
					if !errors.As(err, &r) || r.Reason != s.reason {
						t.Errorf("Verify = %v, want the reason %s", err, s.reason)
					}
					return
				}
				if err != nil || who.UserID != s.user || who.UserName != s.userName || who.ExpiresAt.Unix() != 946688400 {
					t.Errorf("Verify = %+v, %v\nwant %s (%s)", who, err, s.user, s.userName)
				}
			})
		})
	}
}
