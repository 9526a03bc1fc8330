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
	name, err := readField(w, r, "name")
	if err != nil {
		return 0, nil, err
	}
	name, err = cleanLine("name", name, maxTitle)
	if err != nil {
		return 0, nil, err
	}
	id, err := a.studies.create(r.Context(), who, name)
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

func (a *api) joinStudy(_ http.ResponseWriter, r *http.Request, who auth.Identity) (int, any, error) {
	id, err := studyID(r)
	if err != nil {
		return 0, nil, err
	}
	joined, err := a.studies.join(r.Context(), who, id)
	if err != nil {
		return 0, nil, err
	}
	found, err := a.studies.find(r.Context(), a.studies.db, id)
	if err != nil {
		return 0, nil, err
	}
	if joined {
		user := store.UserID(who.UserID)
		a.announce(r.Context(), room.StudyEvent{Type: room.MemberApproved, StudyID: id, UserID: user, Message: "Welcome to " + found.Name, Link: studyLink(id)})
		a.announce(r.Context(), room.StudyEvent{Type: "member_joined", StudyID: id, Message: who.UserName, Link: studyLink(id)})
		a.notify(r.Context(), room.Notification{UserID: found.OwnerID, Type: "study_joined", Message: who.UserName + " joined " + found.Name, Link: studyLink(id)})
	}
	return http.StatusOK, map[string]any{"id": id, "name": found.Name}, nil
}

// leaveStudy ends the caller's membership. For the hubs it is the same as a kick.
func (a *api) leaveStudy(_ http.ResponseWriter, r *http.Request, who auth.Identity) (int, any, error) {
	id, err := studyID(r)
	if err != nil {
		return 0, nil, err
	}
	return a.takeOut(r, id, store.UserID(who.UserID), "You left the study.")
}

func (a *api) kickMember(_ http.ResponseWriter, r *http.Request, who auth.Identity) (int, any, error) {
	id, err := a.ownership(r, who)
	if err != nil {
		return 0, nil, err
	}
	user := store.UserID(r.PathValue("userId"))
	if !store.ValidID(user) {
		return 0, nil, errNoMember
	}
	return a.takeOut(r, id, user, "You were removed from the study.")
}

// takeOut ends a membership and then publishes that. A hub that checks the membership after
// the event must not find it.
func (a *api) takeOut(r *http.Request, id store.StudyID, user store.UserID, message string) (int, any, error) {
	if err := a.studies.remove(r.Context(), id, user); err != nil {
		return 0, nil, err
	}
	a.announce(r.Context(), room.StudyEvent{Type: room.MemberKicked, StudyID: id, UserID: user, Message: message})
	a.announce(r.Context(), room.StudyEvent{Type: "member_left", StudyID: id, Message: string(user)})
	return http.StatusNoContent, nil, nil
}

// A seat is a member of a study and whether that user is online.
type seat struct {
	UserID     store.UserID `json:"userId"`
	UserName   string       `json:"userName"`
	Role       string       `json:"role"`
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
		seats[i] = seat{UserID: m.UserID, UserName: m.UserName, Role: m.Role, Online: p.Online}
		if !p.LastSeenAt.IsZero() {
			at := store.FormatTime(p.LastSeenAt)
			seats[i].LastSeenAt = &at
		}
	}
	return http.StatusOK, seats, nil
}
