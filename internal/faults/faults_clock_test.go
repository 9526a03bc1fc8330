package faults

import (
	"fmt"
	"time"
)

const (
	// otherClock makes the SQL of the api use a clock that can be set. Postgres looks up a
	// name without a schema in skewed first. Views keep the functions with which they were
	// made, so they are made again.
	otherClock = `
		CREATE SCHEMA skewed;
		CREATE TABLE skewed.clock AS SELECT interval '0' AS ahead;
		CREATE FUNCTION skewed.clock_timestamp() RETURNS timestamptz LANGUAGE sql
			AS 'SELECT pg_catalog.clock_timestamp() + ahead FROM skewed.clock';
		DO $$
		DECLARE reports text := pg_get_viewdef('coup_reports');
		BEGIN
			EXECUTE format('ALTER DATABASE %I SET search_path = skewed, pg_catalog, public', current_database());
			SET LOCAL search_path = skewed, pg_catalog, public;
			EXECUTE 'CREATE OR REPLACE VIEW public.coup_reports AS ' || reports;
		END $$`

	ownClock = `
		DO $$
		DECLARE reports text := replace(pg_get_viewdef('coup_reports'), 'skewed.', '');
		BEGIN
			EXECUTE format('ALTER DATABASE %I RESET search_path', current_database());
			EXECUTE 'CREATE OR REPLACE VIEW coup_reports AS ' || reports;
		END $$;
		DROP SCHEMA skewed CASCADE`
)

// clockJumps sets the clock of Postgres an hour forward and then two hours back. That clock
// dates messages and ends leases.
func clockJumps(r *round) {
	r.exec(otherClock)
	r.toDB.Reset() // sessions cache the functions that they have looked up
	defer func() {
		r.exec(ownClock)
		r.toDB.Reset()
		// A hub that dies before that leaves its users online for an hour.
		r.eventually("the leases are of this hour", patience, func() error {
			var n int
			err := r.db.QueryRow(`SELECT count(*) FROM coup_nodes WHERE lease_end > clock_timestamp() + interval '1 minute'`).Scan(&n)
			if err == nil && n > 0 {
				err = fmt.Errorf("%d are not", n)
			}
			return err
		})
	}()
	for _, ahead := range []string{"1 hour", "-1 hour"} {
		r.flow(30)
		r.exec(`UPDATE skewed.clock SET ahead = $1`, ahead)
		r.flow(30)
		r.eventually("all are online", patience, r.onlineAre(r.people, len(r.people)))
	}
	var span float64
	if err := r.db.QueryRow(`SELECT extract(epoch FROM max(sent_at) - min(sent_at)) FROM coup_messages WHERE study_id = $1`, r.studies[0]).Scan(&span); err != nil {
		r.Fatal(err)
	}
	if got := time.Duration(span) * time.Second; got < 110*time.Minute {
		r.Errorf("the messages were dated within %v, so the clock did not jump", got)
	}
}
