package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// newSecret returns a new secret of 64 characters.
func newSecret() string {
	b := make([]byte, 32)
	rand.Read(b) // never fails, see crypto/rand
	return hex.EncodeToString(b)
}

// secretFile returns the file for the JWT secret if none is configured: beside the database.
// It is empty for a database in memory.
func secretFile(database string) string {
	switch scheme, path, _ := strings.Cut(database, ":"); scheme {
	case "sqlite":
		return path + ".secret"
	case "memory":
		return ""
	}
	return "coup.secret"
}

// keptSecret returns the secret in file. If there is no file it makes both, so that tokens
// stay valid after a restart. Only the owner may read the file.
func keptSecret(file string) (string, error) {
	if file == "" {
		return newSecret(), nil
	}
	secret := newSecret()
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return readSecret(file)
	}
	if err != nil {
		return "", fmt.Errorf("keep the JWT secret: %w", err)
	}
	_, err = f.WriteString(secret + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		os.Remove(file)
		return "", fmt.Errorf("keep the JWT secret: %w", err)
	}
	return secret, nil
}

func readSecret(file string) (string, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read the JWT secret: %w", err)
	}
	secret := strings.TrimSpace(string(b))
	if len(secret) < minSecret {
		return "", fmt.Errorf("read the JWT secret: %s holds %d bytes, want at least %d; delete it to make a new one", file, len(secret), minSecret)
	}
	return secret, nil
}
