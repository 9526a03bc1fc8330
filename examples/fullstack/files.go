package main

import (
	"crypto/rand"
	"database/sql"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coupchat/coup/auth"
	"github.com/coupchat/coup/store"
)

const (
	// maxFile is the size of a file in bytes, and maxPicture that of a picture of a user.
	maxFile    = 5 << 20
	maxPicture = 256 << 10
	// maxFileName is the length of a name in characters.
	maxFileName = 100
)

// pictures are the types that a browser shows, and otherTypes those that it only saves. Neither can
// hold a script that a browser would run.
var (
	pictures   = []string{"image/png", "image/jpeg", "image/gif", "image/webp"}
	otherTypes = []string{"application/pdf", "application/zip", "text/plain", "text/markdown", "text/csv"}
)

// fileType returns the type of a file that a user sends as declared, or an error: a picture must be
// one, and anything else is saved under its declared type.
func fileType(declared string, body []byte) (string, error) {
	kind, _, err := mime.ParseMediaType(declared)
	if err != nil {
		kind = ""
	}
	switch {
	case len(body) == 0:
		return "", badRequest("the file is empty")
	case slices.Contains(pictures, kind) && http.DetectContentType(body) == kind, slices.Contains(otherTypes, kind):
		return kind, nil
	}
	return "", &problem{status: http.StatusUnsupportedMediaType, Code: "unsupported_type", Message: "files of this type are not taken"}
}

// uploadFile keeps the body of a request as a file of a study, under the name in the query.
func (a *api) uploadFile(w http.ResponseWriter, r *http.Request, who auth.Identity) (int, any, error) {
	id, _, err := a.membership(r, who)
	if err != nil {
		return 0, nil, err
	}
	name, err := cleanLine("name", r.URL.Query().Get("name"), maxFileName)
	if err != nil {
		return 0, nil, err
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxFile))
	if err != nil {
		return 0, nil, unreadable(err, "5 MiB")
	}
	kind, err := fileType(r.Header.Get("Content-Type"), body)
	if err != nil {
		return 0, nil, err
	}
	key := strings.ToLower(rand.Text())
	err = a.studies.execAs(r.Context(), who, `INSERT INTO study_app_files (id, study_id, user_id, name, type, body, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		key, id, who.UserID, name, kind, body, time.Now().UnixMilli())
	if err != nil {
		return 0, nil, failed(err, "keep a file")
	}
	return http.StatusCreated, map[string]any{"url": filePath(id, key), "name": name, "type": kind, "size": len(body)}, nil
}

// filePath returns the path of a file. It is the url of an attachment.
func filePath(id store.StudyID, key string) string { return "/api" + studyLink(id) + "/files/" + key }

// getFile sends a file to a member.
func (a *api) getFile(w http.ResponseWriter, r *http.Request, who auth.Identity) (int, any, error) {
	id, _, err := a.membership(r, who)
	if err != nil {
		return 0, nil, err
	}
	var found struct {
		Name, Type string
		Body       []byte
	}
	err = a.studies.db.GetContext(r.Context(), &found, a.studies.db.Rebind(`SELECT name, type, body FROM study_app_files WHERE study_id = ? AND id = ?`), id, r.PathValue("fileId"))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return 0, nil, errNotFound
	case err != nil:
		return 0, nil, failed(err, "read a file")
	}
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": found.Name}))
	sendBytes(w, found.Type, found.Body)
	return sent, nil, nil
}

// sendBytes sends what a user has uploaded: a browser must not take it for a page.
func sendBytes(w http.ResponseWriter, kind string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cache-Control", "private, max-age=86400, immutable") // its URL is never that of another one
	_, _ = w.Write(body)                                        // an error means that the client has disconnected
}

// setPicture keeps the body of a request as the picture of the caller.
func (a *api) setPicture(w http.ResponseWriter, r *http.Request, who auth.Identity) (int, any, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPicture))
	if err != nil {
		return 0, nil, unreadable(err, "256 KiB")
	}
	kind, err := fileType(r.Header.Get("Content-Type"), body)
	if err == nil && !slices.Contains(pictures, kind) {
		err = badRequest("this is no picture")
	}
	if err != nil {
		return 0, nil, err
	}
	return a.changePicture(r, who, kind, body)
}

func (a *api) deletePicture(_ http.ResponseWriter, r *http.Request, who auth.Identity) (int, any, error) {
	return a.changePicture(r, who, "", nil)
}

func (a *api) changePicture(r *http.Request, who auth.Identity, kind string, body []byte) (int, any, error) {
	at := time.Now().UnixMilli()
	if body == nil {
		at = 0
	}
	err := a.studies.execAs(r.Context(), who, `UPDATE study_app_users SET picture = ?, picture_type = ?, picture_at = ? WHERE id = ?`, body, kind, at, who.UserID)
	if err != nil {
		return 0, nil, failed(err, "change a picture")
	}
	return http.StatusOK, map[string]any{"pictureAt": at}, nil
}

// getPicture sends the picture of a user. It needs no token, because <img> sends none: pictures are
// as public as names.
func (a *api) getPicture(w http.ResponseWriter, r *http.Request) (int, any, error) {
	var found struct {
		Body []byte
		Type string
	}
	err := a.studies.db.GetContext(r.Context(), &found, a.studies.db.Rebind(`SELECT picture AS body, picture_type AS type FROM study_app_users WHERE id = ? AND picture_at > 0`), r.PathValue("userId"))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return 0, nil, errNotFound
	case err != nil:
		return 0, nil, failed(err, "read a picture")
	}
	sendBytes(w, found.Type, found.Body)
	return sent, nil, nil
}
