package postgres_test

import (
	"fmt"
	"testing"

	"github.com/coupchat/coup/internal/testenv"
	"github.com/coupchat/coup/store"
	"github.com/coupchat/coup/store/postgres"
)

// A message whose row somebody is changing, as a reaction does, is indexed afterwards.
func TestALockedMessageIsIndexedLater(t *testing.T) {
	url := testenv.Postgres(t).URL(t)
	s := open(t, url)
	for _, study := range []store.StudyID{"a", "b"} {
		m := message("c1")
		m.StudyID = study
		if _, err := s.Append(t.Context(), []store.Message{m}); err != nil {
			t.Fatal(err)
		}
	}
	tx := s.DB().MustBegin()
	tx.MustExec(`UPDATE coup_messages SET reacted = true WHERE study_id = 'a'`)
	searching := openWith(t, url, postgres.Options{Search: true})
	found := func(study store.StudyID) func() error {
		return func() error {
			found, err := searching.Search(t.Context(), store.SearchQuery{StudyID: study, Text: "hello", Limit: 1})
			if err == nil && len(found) == 0 {
				err = fmt.Errorf("nothing is found in %s", study)
			}
			return err
		}
	}
	awaitErr(t, found("b"))
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	awaitErr(t, found("a"))
}
