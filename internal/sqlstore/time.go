package sqlstore

import (
	"fmt"
	"time"
)

// Time scans a time from either database: a time from Postgres, a text from SQLite. NULL
// is the zero time.
type Time struct{ time.Time }

// Scan implements sql.Scanner.
func (t *Time) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		t.Time = time.Time{}
	case time.Time:
		t.Time = v.UTC()
	case string:
		at, err := time.Parse(time.RFC3339, v)
		if err != nil {
			return err
		}
		t.Time = at.UTC()
	default:
		return fmt.Errorf("%T is not a time", v)
	}
	return nil
}
