package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/room"
	"github.com/coupchat/coup/store"
)

// requestTimeout bounds the work of one request of the sample API.
const requestTimeout = 10 * time.Second

// announceTimeout bounds one publish for the hubs.
const announceTimeout = 3 * time.Second

// An api is the sample application: it logs users in, stores studies, and publishes what
// happens to them. It never calls a hub.
type api struct {
	studies   *studies
	chat      store.Store
	search    bool // whether members may search
	publisher room.Publisher
	verify    auth.Verifier
	rates     rates
	// sign signs a token. It is nil if nobody may log in by name.
	sign func(auth.Identity) (string, error)
	// signalingURL returns the URL of the hub for the browser that sent r.
	signalingURL func(r *http.Request) string
	log          *slog.Logger
}

// An action answers one request with a status and a body, or nil for no body.
type action func(w http.ResponseWriter, r *http.Request) (status int, body any, err error)

// sent is the status of an action that has sent its answer.
const sent = 0

// A personal action is an action of a user with a valid token.
type personal func(w http.ResponseWriter, r *http.Request, who auth.Identity) (status int, body any, err error)

// handler returns everything under /api/.
func (a *api) handler() http.Handler {
	mux := http.NewServeMux()
	routes := map[string]map[string]action{
		"/api/config":                          {"GET": a.config},
		"/api/login":                           {"POST": a.login},
		"/api/studies":                         {"GET": a.personal(a.listStudies), "POST": a.personal(a.limited(a.createStudy))},
		"/api/studies/{id}":                    {"GET": a.personal(a.getStudy), "DELETE": a.personal(a.limited(a.deleteStudy))},
		"/api/studies/{id}/join":               {"POST": a.personal(a.limited(a.joinStudy))},
		"/api/studies/{id}/leave":              {"POST": a.personal(a.limited(a.leaveStudy))},
		"/api/studies/{id}/members":            {"GET": a.personal(a.listMembers)},
		"/api/studies/{id}/members/{userId}":   {"PUT": a.personal(a.limited(a.changeMember)), "DELETE": a.personal(a.limited(a.kickMember))},
		"/api/studies/{id}/requests":           {"GET": a.personal(a.listRequests)},
		"/api/studies/{id}/requests/{userId}":  {"DELETE": a.personal(a.limited(a.refuseRequest))},
		"/api/studies/{id}/invites":            {"POST": a.personal(a.limited(a.createInvite))},
		"/api/invites/{code}":                  {"POST": a.personal(a.limited(a.acceptInvite))},
		"/api/studies/{id}/notices":            {"GET": a.personal(a.listNotices), "POST": a.personal(a.limited(a.postNotice))},
		"/api/studies/{id}/notices/{noticeId}": {"PUT": a.personal(a.limited(a.pinNotice)), "DELETE": a.personal(a.limited(a.deleteNotice))},
		"/api/studies/{id}/files":              {"POST": a.personal(a.limited(a.uploadFile))},
		"/api/studies/{id}/files/{fileId}":     {"GET": a.personal(a.getFile)},
		"/api/notifications":                   {"GET": a.personal(a.listNotifications)},
		"/api/notifications/seen":              {"POST": a.personal(a.seeNotifications)},
		"/api/me/picture":                      {"PUT": a.personal(a.limited(a.setPicture)), "DELETE": a.personal(a.limited(a.deletePicture))},
		"/api/users/{userId}/picture":          {"GET": a.getPicture},
		"/api/studies/{id}/search":             {"GET": a.personal(a.searchMessages)},
		"/api/studies/{id}/messages":           {"GET": a.personal(a.listMessages)},
	}
	for pattern, methods := range routes {
		allowed := make([]string, 0, len(methods))
		for method, act := range methods {
			mux.Handle(method+" "+pattern, a.serve(act))
			allowed = append(allowed, method)
		}
		mux.Handle(pattern, a.serve(notAllowed(strings.Join(allowed, ", "))))
	}
	mux.Handle("/", a.serve(func(http.ResponseWriter, *http.Request) (int, any, error) { return 0, nil, errNotFound }))
	// A page of another site must not act for a user of this page.
	return http.NewCrossOriginProtection().Handler(mux)
}

func notAllowed(methods string) action {
	return func(w http.ResponseWriter, _ *http.Request) (int, any, error) {
		w.Header().Set("Allow", methods)
		return 0, nil, &problem{status: http.StatusMethodNotAllowed, Code: "method_not_allowed", Message: "this works with " + methods}
	}
}

// serve makes a handler of an action, with a deadline and JSON errors.
func (a *api) serve(act action) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
		defer cancel()
		status, body, err := act(w, r.WithContext(ctx))
		if err != nil {
			p, log := asProblem(err)
			if log && r.Context().Err() == nil {
				a.log.Error("request went wrong", "method", r.Method, "path", r.URL.Path, "err", err)
			}
			if p.RetryAfter > 0 {
				w.Header().Set("Retry-After", retryAfter(p.RetryAfter))
			}
			writeJSON(w, p.status, p)
			return
		}
		if status == sent {
			return
		}
		if body == nil {
			w.WriteHeader(status)
			return
		}
		writeJSON(w, status, body)
	})
}

// personal makes an action of a personal action. It checks the token.
func (a *api) personal(act personal) action {
	return func(w http.ResponseWriter, r *http.Request) (int, any, error) {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, "bearer") || token == "" {
			return 0, nil, errUnauthorized
		}
		who, err := a.verify.Verify(r.Context(), strings.TrimSpace(token))
		switch {
		case errors.Is(err, auth.ErrExpired):
			return 0, nil, &problem{status: http.StatusUnauthorized, Code: "token_expired", Message: "the token has expired, log in again"}
		case errors.Is(err, auth.ErrInvalid):
			return 0, nil, &problem{status: http.StatusUnauthorized, Code: "token_invalid", Message: "the token is not valid, log in again"}
		case err != nil:
			return 0, nil, fmt.Errorf("verify a token: %w: %w", store.ErrUnavailable, err)
		}
		if err := a.rates.requests.take(who.UserID); err != nil {
			return 0, nil, err
		}
		return act(w, r, who)
	}
}

// studyID reads the id in the path. An invalid id counts as one that does not exist.
func studyID(r *http.Request) (store.StudyID, error) {
	id := store.StudyID(r.PathValue("id"))
	if !store.ValidID(id) {
		return "", errNoStudy
	}
	return id, nil
}

// membership reads the study in the path and the role of who in it.
func (a *api) membership(r *http.Request, who auth.Identity) (store.StudyID, string, error) {
	id := store.StudyID(r.PathValue("id"))
	if !store.ValidID(id) {
		return "", "", errForbidden // the same as for a study that does not exist
	}
	role, err := a.studies.Member(r.Context(), id, store.UserID(who.UserID))
	if errors.Is(err, store.ErrNotFound) {
		return "", "", errForbidden
	}
	return id, role, err
}

// ownership is membership for actions that only the owner may do.
func (a *api) ownership(r *http.Request, who auth.Identity) (store.StudyID, error) {
	id, role, err := a.membership(r, who)
	if err == nil && role != ownerRole {
		err = errNotOwner
	}
	return id, err
}

// announce publishes an event for the hubs. If the bus does not answer, the request succeeds
// all the same: the change is stored, and hubs check memberships again by themselves.
func (a *api) announce(ctx context.Context, e room.StudyEvent) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), announceTimeout) // the caller may have disconnected
	defer cancel()
	if err := a.publisher.Announce(ctx, e); err != nil {
		a.log.Warn("event not announced", "type", e.Type, "study", e.StudyID, "err", err)
	}
}

// number reads a whole number between low and high from the query.
func number(r *http.Request, name string, otherwise, low, high int64) (int64, error) {
	s := r.URL.Query().Get(name)
	if s == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < low || n > high {
		return 0, badRequest(fmt.Sprintf("%s must be a whole number from %d to %d", name, low, high))
	}
	return n, nil
}
