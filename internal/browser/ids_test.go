package browser

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/coupchat/coup/internal/testenv"
)

const (
	secret = "0123456789abcdef0123456789abcdef"
	// Ids with every sign that identity providers use.
	oddStudy, oddStudyInPath = "s|1+2=~@x", "s%7C1%2B2%3D~%40x"
	oddUser                  = "a.b+c=|d~@x"
)

// signed returns a token as the login of another program makes it.
func signed(user, name string) string {
	encode := base64.RawURLEncoding.EncodeToString
	claims := fmt.Sprintf(`{"sub":%q,"name":%q,"exp":%d,"nickname":null}`, user, name, time.Now().Add(time.Hour).Unix())
	token := encode([]byte(`{"alg":"HS256","kid":null}`)) + "." + encode([]byte(claims))
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(token))
	return token + "." + encode(m.Sum(nil))
}

// enter logs a user in who has a token.
func (b tab) enter(url, user, name string) {
	b.t.Helper()
	session, err := json.Marshal(map[string]string{"token": signed(user, name), "userId": user, "userName": name})
	if err != nil {
		b.t.Fatal(err)
	}
	b.do("enter as "+user, chromedp.Navigate(url), chromedp.WaitVisible(chromedp.CSS("#name")))
	if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`localStorage.setItem("coup.session", `+quote(string(session))+`), true`)); err != nil {
		b.t.Fatal(err)
	}
	b.do("reload", chromedp.Reload(), chromedp.WaitVisible(chromedp.CSS("[data-connection=online]")))
}

// rename gives the only study another id, as an application with its own ids has it.
func rename(t *testing.T, database, id string) {
	t.Helper()
	psql, err := testenv.Binary("psql", "/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")
	if err != nil {
		t.Fatal(err)
	}
	change := fmt.Sprintf(`INSERT INTO study_app_studies (id, name, owner_id, created_at) SELECT '%[1]s', name, owner_id, created_at FROM study_app_studies;
		UPDATE study_app_members SET study_id = '%[1]s'; DELETE FROM study_app_studies WHERE id <> '%[1]s'`, id)
	if out, err := exec.CommandContext(t.Context(), psql, "-v", "ON_ERROR_STOP=1", "-c", change, database).CombinedOutput(); err != nil {
		t.Fatalf("psql: %v: %s", err, out)
	}
}

func TestThePageTakesIDsOfIdentityProviders(t *testing.T) {
	open := chromium(t)
	database := testenv.StartPostgres(t).URL(t)
	page := testenv.FreeAddr(t)
	launch(t, page, "-database", database, "-jwt-secret", secret, "-api-addr", page,
		"-internal-addr", testenv.FreeAddr(t), "-signaling-addr", testenv.FreeAddr(t)).wait(t)
	url := "http://" + page + "/"

	ada, mina := open(), open()
	ada.login(url, "Ada")
	ada.do("create a study", chromedp.Click(chromedp.CSS("#new-study")), chromedp.WaitVisible(chromedp.CSS("#create-name")),
		chromedp.SendKeys(chromedp.CSS("#create-name"), "Algebra"), chromedp.Click(chromedp.CSS("#create .primary")), chromedp.WaitVisible(chromedp.CSS("#study")))
	rename(t, database, oddStudy)
	ada.do("open it under its new id", chromedp.Navigate(url+"studies/"+oddStudyInPath), chromedp.WaitVisible(chromedp.CSS("#study")))

	mina.enter(url, oddUser, "Mina")
	mina.do("join it", chromedp.WaitVisible(chromedp.CSS("#others button")), chromedp.Click(chromedp.CSS("#others button")), chromedp.WaitVisible(chromedp.CSS("#study")))
	mina.until(`location.pathname === ` + quote("/studies/"+oddStudyInPath))
	mina.post("hello Ada")
	ada.expect("hello Ada")
	ada.post("안녕 Mina")
	mina.expect("안녕 Mina")
	mina.do("reload", chromedp.Reload(), chromedp.WaitVisible(chromedp.CSS("#study")))
	for _, text := range []string{"hello Ada", "안녕 Mina"} {
		mina.expect(text)
	}
	kick := `[data-kick="` + oddUser + `"]`
	ada.do("remove Mina", chromedp.WaitVisible(chromedp.CSS(kick)), chromedp.Click(chromedp.CSS(kick)),
		chromedp.WaitVisible(chromedp.CSS("#confirm-yes")), chromedp.Click(chromedp.CSS("#confirm-yes")))
	mina.until(`document.querySelectorAll("#mine li").length === 0`)
	mina.until(`document.querySelector("#toasts").textContent.includes("Algebra")`)
}

// beginAlike is a scenario of TestModulesOfThePage.
var beginAlike = scenario{"users whose ids begin alike share no unsent message and no mark", `(async () => {
	const { Outbox } = await import("/assets/outbox.js");
	const { storage } = await import("/assets/storage.js");
	const { ReadMarks } = await import("/assets/readmarks.js");
	const line = { state: "offline" };
	const long = new Outbox(line, "a.b+c=|d~@x", async () => false, storage);
	long.add("s", "only mine");
	const marks = (user) => new ReadMarks(user, new AbortController().signal);
	marks("a.b").set("s|1", 7);
	const short = new Outbox(line, "a", async () => false, storage), again = new Outbox(line, "a.b+c=|d~@x", async () => false, storage);
	const got = [short.of("s").length, again.of("s").length, marks("a").get("b.s|1"), marks("a.b").get("s|1")];
	for (const box of [long, short, again]) box.close();
	localStorage.clear();
	return got.map(String).join(" ");
})()`, "0 1 null 7"}
