package membership

import "sync"

// maxRoles is how many different roles a Checker tells apart. More are as none.
const maxRoles = 1000

// A Role stands for the name of a role, see Checker.Name. The zero Role has no name.
type Role uint32

// roles are the names of roles: few, for many members.
type roles struct {
	mu    sync.RWMutex // guards what follows
	names []string     // of the roles from 1 on
	known map[string]Role
}

// of returns the Role with a name.
func (r *roles) of(name string) Role {
	if name == "" {
		return 0
	}
	r.mu.RLock()
	role, known := r.known[name]
	r.mu.RUnlock()
	if known {
		return role
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if role, known := r.known[name]; known || len(r.names) == maxRoles {
		return role
	}
	if r.known == nil {
		r.known = map[string]Role{}
	}
	r.names = append(r.names, name)
	r.known[name] = Role(len(r.names))
	return r.known[name]
}

// name returns the name of a role.
func (r *roles) name(role Role) string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if role == 0 || int(role) > len(r.names) {
		return ""
	}
	return r.names[role-1]
}

// Name returns the name of a role, as the backend gave it.
func (c *Checker) Name(role Role) string { return c.roles.name(role) }
