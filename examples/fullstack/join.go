package main

import (
	"context"
	"net/http"

	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

func (a *api) joinStudy(_ http.ResponseWriter, r *http.Request, who auth.Identity) (int, any, error) {
	id, err := studyID(r)
	if err != nil {
		return 0, nil, err
	}
	return a.admit(r.Context(), who, id, false)
}

// acceptInvite is a join with an invitation. Who was removed has to ask all the same.
func (a *api) acceptInvite(_ http.ResponseWriter, r *http.Request, who auth.Identity) (int, any, error) {
	id, err := a.studies.invited(r.Context(), r.PathValue("code"))
	if err != nil {
		return 0, nil, err
	}
	return a.admit(r.Context(), who, id, true)
}

func (a *api) admit(ctx context.Context, who auth.Identity, id store.StudyID, invited bool) (int, any, error) {
	member, changed, err := a.studies.admit(ctx, who, id, invited)
	if err != nil {
		return 0, nil, err
	}
	found, err := a.studies.find(ctx, a.studies.db, id)
	if err != nil {
		return 0, nil, err
	}
	switch {
	case member && changed:
		a.welcome(ctx, found, store.UserID(who.UserID), who.UserName)
		a.tell(ctx, note{Study: id, Type: "study_joined", Message: who.UserName + " joined " + found.Name}, found.OwnerID)
	case changed:
		leaders, err := a.studies.leaders(ctx, id)
		if err != nil {
			return 0, nil, err
		}
		a.tell(ctx, note{Study: id, Type: "join_requested", Message: who.UserName + " asks to join " + found.Name}, leaders...)
	}
	if !member {
		return http.StatusAccepted, map[string]any{"id": id, "name": found.Name, "asked": true}, nil
	}
	return http.StatusOK, map[string]any{"id": id, "name": found.Name}, nil
}

// welcome tells the hubs and the user that the user is a member now.
func (a *api) welcome(ctx context.Context, s study, user store.UserID, name string) {
	a.announce(ctx, room.StudyEvent{Type: room.MemberApproved, StudyID: s.ID, UserID: user, Message: "Welcome to " + s.Name, Link: studyLink(s.ID)})
	a.announce(ctx, room.StudyEvent{Type: "member_joined", StudyID: s.ID, Message: name, Link: studyLink(s.ID)})
}

// getStudy shows a study to anybody, as the list does.
func (a *api) getStudy(_ http.ResponseWriter, r *http.Request, who auth.Identity) (int, any, error) {
	id, err := studyID(r)
	if err != nil {
		return 0, nil, err
	}
	found, err := a.studies.find(r.Context(), a.studies.db, id)
	if err != nil {
		return 0, nil, err
	}
	user := store.UserID(who.UserID)
	if found.Role, err = a.studies.roleIn(r.Context(), a.studies.db, id, user); err == nil {
		found.Asked, err = a.studies.asks(r.Context(), a.studies.db, id, user)
	}
	if err != nil {
		return 0, nil, failed(err, "look at %s", id)
	}
	found.Member = found.Role != "" || a.studies.open
	return http.StatusOK, found, nil
}

// leaveStudy ends the caller's membership. For the hubs it is the same as a kick.
func (a *api) leaveStudy(_ http.ResponseWriter, r *http.Request, who auth.Identity) (int, any, error) {
	id, err := studyID(r)
	if err != nil {
		return 0, nil, err
	}
	user := store.UserID(who.UserID)
	if err := a.studies.remove(r.Context(), id, user, false, false); err != nil {
		return 0, nil, err
	}
	return a.gone(r.Context(), id, user, "You left the study.")
}

// kickMember removes a member, who has to ask to come back.
func (a *api) kickMember(_ http.ResponseWriter, r *http.Request, who auth.Identity) (int, any, error) {
	id, user, role, err := a.leadershipOver(r, who)
	if err != nil {
		return 0, nil, err
	}
	if err := a.studies.remove(r.Context(), id, user, true, role == ownerRole); err != nil {
		return 0, nil, err
	}
	return a.gone(r.Context(), id, user, "You were removed from the study.")
}

// gone publishes that a membership has ended. A hub that checks the membership after the event must
// not find it.
func (a *api) gone(ctx context.Context, id store.StudyID, user store.UserID, message string) (int, any, error) {
	a.announce(ctx, room.StudyEvent{Type: room.MemberKicked, StudyID: id, UserID: user, Message: message})
	a.announce(ctx, room.StudyEvent{Type: "member_left", StudyID: id, Message: string(user)})
	return http.StatusNoContent, nil, nil
}

// changeMember lets in a user who asks for it, or changes the role of a member, which the owner does.
func (a *api) changeMember(w http.ResponseWriter, r *http.Request, who auth.Identity) (int, any, error) {
	id, user, mine, err := a.leadershipOver(r, who)
	if err != nil {
		return 0, nil, err
	}
	role, err := readField(w, r, "role")
	switch {
	case err != nil:
		return 0, nil, err
	case role != memberRole && role != moderatorRole:
		return 0, nil, badRequest("role must be member or moderator")
	}
	was, err := a.studies.roleIn(r.Context(), a.studies.db, id, user)
	if err != nil {
		return 0, nil, failed(err, "look up a role")
	}
	if was != "" || role != memberRole {
		if mine != ownerRole {
			return 0, nil, errNotOwner
		}
		if err := a.studies.setRole(r.Context(), id, user, role); err != nil {
			return 0, nil, err
		}
		a.announce(r.Context(), room.StudyEvent{Type: "member_changed", StudyID: id, Message: role})
		return http.StatusNoContent, nil, nil
	}
	if err := a.studies.approve(r.Context(), id, user); err != nil {
		return 0, nil, err
	}
	found, err := a.studies.find(r.Context(), a.studies.db, id)
	if err != nil {
		return 0, nil, err
	}
	a.welcome(r.Context(), found, user, string(user))
	a.keep(r.Context(), note{Study: id, Type: room.MemberApproved, Message: "Welcome to " + found.Name}, user)
	return http.StatusNoContent, nil, nil
}

func (a *api) listRequests(_ http.ResponseWriter, r *http.Request, who auth.Identity) (int, any, error) {
	id, _, err := a.leadership(r, who)
	if err != nil {
		return 0, nil, err
	}
	found, err := a.studies.outsiders(r.Context(), id)
	return http.StatusOK, found, err
}

func (a *api) refuseRequest(_ http.ResponseWriter, r *http.Request, who auth.Identity) (int, any, error) {
	id, user, _, err := a.leadershipOver(r, who)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusNoContent, nil, a.studies.refuse(r.Context(), id, user)
}

func (a *api) createInvite(_ http.ResponseWriter, r *http.Request, who auth.Identity) (int, any, error) {
	id, _, err := a.leadership(r, who)
	if err != nil {
		return 0, nil, err
	}
	code, err := a.studies.invite(r.Context(), id)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusCreated, map[string]any{"code": code, "path": "/invite/" + code}, nil
}

// leads reports whether a role may let users in, remove members, and pin notices.
func leads(role string) bool { return role == ownerRole || role == moderatorRole }

// leadership is membership for actions of those who lead.
func (a *api) leadership(r *http.Request, who auth.Identity) (store.StudyID, string, error) {
	id, role, err := a.membership(r, who)
	if err == nil && !leads(role) {
		err = errNotLeader
	}
	return id, role, err
}

// leadershipOver is leadership for a path that names a user too. An invalid id counts as that of no
// member.
func (a *api) leadershipOver(r *http.Request, who auth.Identity) (store.StudyID, store.UserID, string, error) {
	id, role, err := a.leadership(r, who)
	user := store.UserID(r.PathValue("userId"))
	if err == nil && !store.ValidID(user) {
		err = errNoMember
	}
	return id, user, role, err
}
