package coup_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/coupchat/coup"
	"github.com/coupchat/coup/bus"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

func TestTheApplicationPostsEditsAndDeletes(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		shared, opts := bus.NewMemory(), coup.Options{Store: store.NewMemory()}
		defer shared.Close()
		opts.Bus = shared
		s, _ := k.serve(t, opts)
		_, second := k.serve(t, opts)
		mina := login(t, second, "mina")
		mina.Join("s1")
		bot := store.Entry{StudyID: "s1", UserID: "bot", UserName: "Bot", Content: " hello ", ClientID: "c1"}
		m, err := s.Post(t.Context(), bot)
		if err != nil || m.Seq != 1 || m.Content != "hello" {
			t.Fatalf("Post = %+v, %v", m, err)
		}
		if e := mina.Expect("new_message"); e.String("content") != "hello" || e.String("userId") != "bot" {
			t.Errorf("mina got %s", e.Raw)
		}
		if again, err := s.Post(t.Context(), bot); err != nil || again.Seq != 1 || !again.Repeated {
			t.Errorf("Post again = %+v, %v", again, err)
		}
		change := store.Entry{StudyID: "s1", MessageSeq: 1, UserID: "admin", Content: "better"}
		if e, err := s.Edit(t.Context(), change); err != nil || e.Seq != 2 {
			t.Errorf("Edit = %+v, %v", e, err)
		}
		if e := mina.Expect("message_edited"); e.String("content") != "better" || e.String("userId") != "admin" {
			t.Errorf("mina got %s", e.Raw)
		}
		if e, err := s.Delete(t.Context(), change); err != nil || e.Seq != 3 {
			t.Errorf("Delete = %+v, %v", e, err)
		}
		mina.Expect("message_deleted")
		for _, tt := range []struct {
			name string
			do   func() error
			want error
		}{
			{"empty", func() error { _, err := s.Post(t.Context(), store.Entry{StudyID: "s1", UserID: "bot"}); return err }, store.ErrEmpty},
			{"no user", func() error { _, err := s.Post(t.Context(), store.Entry{StudyID: "s1", Content: "x"}); return err }, store.ErrInvalid},
			{"a bad client id", func() error { bot.ClientID = "\n"; _, err := s.Post(t.Context(), bot); return err }, store.ErrInvalid},
			{"a deleted message", func() error { _, err := s.Edit(t.Context(), change); return err }, store.ErrNotFound},
			{"a context that has ended", func() error {
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				bot.ClientID = ""
				_, err := s.Post(ctx, bot)
				return err
			}, store.ErrUnavailable},
		} {
			if err := tt.do(); !errors.Is(err, tt.want) && (tt.want != store.ErrUnavailable || err != nil) {
				t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
			}
		}
	})
}

func TestWhatIsStoredElsewhereIsHeardAtOnce(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		st := store.NewMemory()
		s, url := k.serve(t, coup.Options{Store: st, Room: room.Options{CheckHeads: time.Hour}})
		mina := login(t, url, "mina")
		mina.Join("s1")
		if _, err := st.Append(t.Context(), []store.Message{{StudyID: "s1", UserID: "import", Content: "old", ClientID: "c1"}}); err != nil {
			t.Fatal(err)
		}
		if err := s.Stored(t.Context(), "s1"); err != nil {
			t.Fatal(err)
		}
		if e := mina.Expect("new_message"); e.String("content") != "old" {
			t.Errorf("mina got %s", e.Raw)
		}
	})
}

func TestAUserIsDisconnectedEverywhere(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		shared, opts := bus.NewMemory(), coup.Options{}
		defer shared.Close()
		opts.Bus = shared
		s, first := k.serve(t, opts)
		_, second := k.serve(t, opts)
		for _, url := range []string{first, second} {
			login(t, url, "jun").Join("s1")
		}
		here, there := login(t, first, "mina"), login(t, second, "mina")
		if err := s.Disconnect(t.Context(), "mina", "the password was changed"); err != nil {
			t.Fatal(err)
		}
		for _, c := range []interface {
			ExpectClose(int)
		}{here, there} {
			c.ExpectClose(4401)
		}
	})
}

func TestWhoIsInAStudy(t *testing.T) {
	shared, opts := bus.NewMemory(), coup.Options{}
	defer shared.Close()
	opts.Bus = shared
	s, first := kind{}.serve(t, opts)
	_, second := kind{}.serve(t, opts)
	login(t, first, "mina:Mina").Join("s1")
	login(t, second, "jun:Jun").Join("s1")
	login(t, second, "sora:Sora").Join("s2")
	for study, want := range map[store.StudyID]string{"s1": "[{jun Jun} {mina Mina}] 2", "s2": "[{sora Sora}] 1", "s3": "[] 0"} {
		users, n, err := s.Who(t.Context(), study)
		if got := fmt.Sprint(users, n); err != nil || got != want {
			t.Errorf("Who(%s) = %s, %v, want %s", study, got, err, want)
		}
	}
	if _, _, err := s.Who(t.Context(), "a b"); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("Who of no study = %v", err)
	}
	if rooms := s.Stats().Room.Rooms; rooms != 1 {
		t.Errorf("%d rooms are left, want that of mina", rooms)
	}
}

func TestWhatIsErasedIsGoneEverywhere(t *testing.T) {
	eachKind(t, func(t *testing.T, k kind) {
		shared, opts := bus.NewMemory(), coup.Options{Store: store.NewMemory(), Rate: -1}
		defer shared.Close()
		opts.Bus = shared
		s, first := k.serve(t, opts)
		_, second := k.serve(t, opts)
		mina, jun := login(t, first, "mina:Mina"), login(t, second, "jun")
		mina.Join("s1")
		jun.Join("s1")
		for i := range 3 {
			say(mina, "s1", fmt.Sprint("secret ", i))
			jun.Expect("new_message")
		}
		say(jun, "s1", "harmless")
		jun.Expect("new_message")
		n, err := s.Erase(t.Context(), store.Erasure{UserID: "mina"})
		if err != nil || n != 3 {
			t.Fatalf("Erase = %d, %v", n, err)
		}
		e := jun.Expect("messages_erased")
		fields(t, e, data{"studyId": "s1", "seq": 5, "from": 1, "to": 3, "sentAt": e.Data["sentAt"]})
		// From the memory of the hub, and as the store has it.
		late := login(t, second, "late")
		late.Call("join_room", data{"studyId": "s1", "after": 0}, nil)
		for seq := range int64(5) {
			e, err := late.Next(5 * time.Second)
			if err != nil || e.Int("seq") != seq+1 {
				t.Fatalf("replay %d: %s, %v", seq, e.Raw, err)
			}
			if seq < 3 && (e.String("content") != "" || e.String("userName") != "" || e.String("deletedAt") == "") {
				t.Errorf("the replay shows %s", e.Raw)
			}
		}
	})
	s, _ := kind{}.serve(t, coup.Options{Store: struct{ store.Store }{store.NewMemory()}})
	if _, err := s.Erase(t.Context(), store.Erasure{UserID: "mina"}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("Erase without a store that can: %v", err)
	}
}
