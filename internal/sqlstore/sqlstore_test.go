package sqlstore_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/coupchat/coup/internal/sqlstore"
	"github.com/coupchat/coup/internal/testenv"
	"github.com/coupchat/coup/store"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// coded is an error with a SQLSTATE, like those of lib/pq.
type coded string

func (c coded) Error() string    { return "code " + string(c) }
func (c coded) SQLState() string { return string(c) }

func TestWrapSaysWhichErrorsMayBeRetried(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		want error
	}{
		{"no error", nil, nil},
		{"a connection that broke", errors.New("broken pipe"), store.ErrUnavailable},
		{"a unique key that two callers raced for", coded("23505"), store.ErrUnavailable},
		{"a text with NUL", coded("22021"), store.ErrInvalid},
		{"a text with NUL, wrapped", fmt.Errorf("exec: %w", coded("22P05")), store.ErrInvalid},
		{"a deadlock", coded("40P01"), store.ErrUnavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := sqlstore.Wrap("append", c.err)
			if !errors.Is(got, c.want) || !errors.Is(got, c.err) {
				t.Errorf("Wrap(%v) = %v, want one that is %v and the cause", c.err, got, c.want)
			}
		})
	}
}

func TestTimeScansTheValuesOfBothDatabases(t *testing.T) {
	want := time.Date(2026, 11, 22, 10, 0, 0, 123_000_000, time.UTC)
	for _, c := range []struct {
		name  string
		value any
		want  time.Time
	}{
		{"a time in another zone", want.In(time.FixedZone("KST", 9*60*60)), want},
		{"a text", "2026-11-22T10:00:00.123Z", want},
		{"NULL", nil, time.Time{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := sqlstore.Time{Time: time.Unix(1, 0)}
			if err := got.Scan(c.value); err != nil || got.Time != c.want {
				t.Errorf("Scan(%v) = %v, %v; want %v", c.value, got, err, c.want)
			}
		})
	}
	if err := new(sqlstore.Time).Scan("yesterday"); err == nil {
		t.Error("Scan(yesterday) succeeded")
	}
}
