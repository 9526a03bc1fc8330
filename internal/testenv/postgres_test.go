package testenv

import "testing"

func TestEachURLIsANewDatabase(t *testing.T) {
	s := Postgres(t)
	if a, b := s.URL(t), s.URL(t); a == b {
		t.Errorf("URL() = %s twice, want different ones", a)
	}
}

func TestPostgresKeepsItsPortAfterAKill(t *testing.T) {
	s := StartPostgres(t)
	port := s.Port()
	s.Kill(t)
	if err := s.ready(port); err == nil {
		t.Error("a killed server answers")
	}
	s.Restart(t)
	if s.Port() != port {
		t.Errorf("Port() = %d after a restart, want %d", s.Port(), port)
	}
	s.URL(t)
}
