package main

import (
	"net/http"
	"net/url"

	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

// studyLink returns the path under which the page shows a study. For the characters of ids,
// QueryEscape writes what encodeURIComponent writes.
func studyLink(id store.StudyID) string { return "/studies/" + url.QueryEscape(string(id)) }

func (a *api) listStudies(_ http.ResponseWriter, r *http.Request, who auth.Identity) (int, any, error) {
	found, err := a.studies.list(r.Context(), store.UserID(who.UserID))
	if err != nil {
		return 0, nil, err
	}
	var mine []store.StudyID
	for _, s := range found {
		if s.Member {
			mine = append(mine, s.ID)
		}
	}
	if r.URL.Query().Has("last") {
		if err := a.addLast(r, found); err != nil {
			return 0, nil, err
		}
	}
	if len(mine) > 0 {
		heads, err := a.chat.Heads(r.Context(), mine)
		if err != nil {
			return 0, nil, err
		}
		for i, s := range found {
			if s.Member {
				found[i].Head = heads[s.ID]
			}
		}
	}
	return http.StatusOK, found, nil
}

func (a *api) createStudy(w http.ResponseWriter, r *http.Request, who auth.Identity) (int, any, error) {
	var name string
	var approval bool
	if err := readFields(w, r, map[string]any{"name": &name, "approval": &approval}); err != nil {
		return 0, nil, err
	}
	name, err := cleanLine("name", name, maxTitle)
	if err != nil {
		return 0, nil, err
	}
	id, err := a.studies.create(r.Context(), who, name, approval)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusCreated, map[string]any{"id": id, "name": name}, nil
}

// deleteStudy is for the owner. The messages stay in the store, but nobody can read them.
func (a *api) deleteStudy(_ http.ResponseWriter, r *http.Request, who auth.Identity) (int, any, error) {
	id, err := a.ownership(r, who)
	if err != nil {
		return 0, nil, err
	}
	if err := a.studies.drop(r.Context(), id); err != nil {
		return 0, nil, err
	}
	a.announce(r.Context(), room.StudyEvent{Type: room.StudyDeleted, StudyID: id})
	return http.StatusNoContent, nil, nil
}

// A seat is a member of a study and whether that user is online.
type seat struct {
	UserID     store.UserID `json:"userId"`
	UserName   string       `json:"userName"`
	Role       string       `json:"role"`
	PictureAt  int64        `json:"pictureAt,omitempty"`
	Online     bool         `json:"online"`
	LastSeenAt *string      `json:"lastSeenAt"`
}

func (a *api) listMembers(_ http.ResponseWriter, r *http.Request, who auth.Identity) (int, any, error) {
	id, _, err := a.membership(r, who)
	if err != nil {
		return 0, nil, err
	}
	found, err := a.studies.members(r.Context(), id)
	if err != nil {
		return 0, nil, err
	}
	users := make([]store.UserID, len(found))
	for i, m := range found {
		users[i] = m.UserID
	}
	presence, err := a.chat.Presence(r.Context(), users)
	if err != nil {
		return 0, nil, err
	}
	seats := make([]seat, len(found))
	for i, m := range found {
		p := presence[m.UserID]
		seats[i] = seat{UserID: m.UserID, UserName: m.UserName, Role: m.Role, PictureAt: m.PictureAt, Online: p.Online}
		if !p.LastSeenAt.IsZero() {
			at := store.FormatTime(p.LastSeenAt)
			seats[i].LastSeenAt = &at
		}
	}
	return http.StatusOK, seats, nil
}
