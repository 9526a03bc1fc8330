package sqlstore_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/jmoiron/sqlx"

	"github.com/coupchat/coup/internal/testenv"
	"github.com/coupchat/coup/store"
	"github.com/coupchat/coup/store/postgres"
	"github.com/coupchat/coup/store/sqlite"
)

type database interface {
	store.Store
	DB() *sqlx.DB
	Close() error
}

// Each start of a hub is a new node. The reports of old nodes must not pile up, and
// LastSeenAt must stay.
func TestReportsOfNodesThatAreGoneAreForgotten(t *testing.T) {
	server := testenv.StartPostgres(t)
	for name, open := range map[string]func(context.Context) (database, string, error){
		"SQLite": func(ctx context.Context) (database, string, error) {
			s, err := sqlite.Open(ctx, sqlite.Memory)
			return s, `strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-2 days')`, err
		},
		"Postgres": func(ctx context.Context) (database, string, error) {
			s, err := postgres.Open(ctx, server.URL(t), postgres.Options{})
			return s, `clock_timestamp() - interval '2 days'`, err
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, longAgo, err := open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			var users []store.UserID
			for i := range 1500 {
				users = append(users, store.UserID(fmt.Sprint("u", i)))
			}
			report := func(node store.NodeID, online bool, users ...store.UserID) {
				t.Helper()
				var reports []store.Status
				for _, u := range users {
					reports = append(reports, store.Status{UserID: u, Online: online, NodeID: node})
				}
				if err := s.SetStatus(t.Context(), reports); err != nil {
					t.Fatal(err)
				}
			}
			report("old", true, users...)
			report("old", false, users[:700]...)
			report("older", true, users[:10]...)
			if _, err := s.DB().Exec(`UPDATE coup_nodes SET lease_end = ` + longAgo); err != nil {
				t.Fatal(err)
			}
			report("new", true, users[0])
			report("new", true, users[1])
			report("new", false, users[1])
			before, err := s.Presence(t.Context(), users[1:])
			if err != nil {
				t.Fatal(err)
			}
			left := func() (nodes, reports int) {
				t.Helper()
				if err := s.DB().QueryRow(`SELECT (SELECT count(*) FROM coup_nodes), (SELECT count(*) FROM coup_presence WHERE node_id <> '*')`).Scan(&nodes, &reports); err != nil {
					t.Fatal(err)
				}
				return nodes, reports
			}
			for range 5 {
				if err := s.RenewNode(t.Context(), "new", store.LeaseTTL); err != nil {
					t.Fatal(err)
				}
			}
			if nodes, reports := left(); nodes != 1 || reports != 2 {
				t.Errorf("there are %d nodes with %d reports, want the new one with 2", nodes, reports)
			}
			after, err := s.Presence(t.Context(), users)
			if err != nil {
				t.Fatal(err)
			}
			for u, p := range before {
				if after[u] != p || p.LastSeenAt.IsZero() {
					t.Errorf("the presence of %s was %+v, and is now %+v", u, p, after[u])
				}
			}
			if !after[users[0]].Online {
				t.Error("who is online on the new node is offline")
			}
		})
	}
}
