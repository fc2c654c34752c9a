package service

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// Credentials are the user and the groups that a process takes on after it has bound its ports.
type Credentials struct {
	uid, gid int   // -1: unchanged
	groups   []int // supplementary groups
}

// LookupCredentials looks up a user and a group, each by name or number. Empty means unchanged. Without a group, the
// user's own groups are taken.
func LookupCredentials(userName, groupName string) (*Credentials, error) {
	c := &Credentials{uid: -1, gid: -1}
	if groupName != "" {
		gid, err := lookupGroup(groupName)
		if err != nil {
			return nil, err
		}
		c.gid, c.groups = gid, []int{gid}
	}
	if userName != "" {
		if err := c.lookupUser(userName); err != nil {
			return nil, err
		}
	}
	return c, c.allowed(userName, groupName)
}

func (c *Credentials) lookupUser(name string) error {
	u, err := user.Lookup(name)
	if err != nil {
		u, err = user.LookupId(name)
	}
	number, notNumber := strconv.ParseUint(name, 10, 31)
	switch {
	case err != nil && notNumber != nil:
		return fmt.Errorf("-u %s: this machine has no such user: create it (useradd --system %s) or name another",
			name, name)
	case err != nil && c.gid < 0:
		return fmt.Errorf("-u %s: no user has this number, so its group is not known: add -g GROUP", name)
	case err != nil:
		c.uid = int(number)
		return nil
	}
	if c.uid, err = strconv.Atoi(u.Uid); err != nil {
		return fmt.Errorf("-u %s: its user id %q is not a number", name, u.Uid)
	}
	if c.gid >= 0 {
		return nil
	}
	if c.gid, err = strconv.Atoi(u.Gid); err != nil {
		return fmt.Errorf("-u %s: its group id %q is not a number", name, u.Gid)
	}
	ids, err := u.GroupIds()
	if err != nil {
		return fmt.Errorf("-u %s: its groups cannot be read: %w", name, err)
	}
	for _, id := range ids {
		if gid, err := strconv.Atoi(id); err == nil {
			c.groups = append(c.groups, gid)
		}
	}
	return nil
}

func lookupGroup(name string) (int, error) {
	if g, err := user.LookupGroup(name); err == nil {
		return strconv.Atoi(g.Gid)
	}
	gid, err := strconv.ParseUint(name, 10, 31)
	if err != nil {
		return 0, fmt.Errorf("-g %s: this machine has no such group: create it (groupadd --system %s) or name another",
			name, name)
	}
	return int(gid), nil
}

// allowed refuses what the kernel would only refuse later, when the ports are bound already.
func (c *Credentials) allowed(userName, groupName string) error {
	if os.Geteuid() == 0 {
		return nil
	}
	if c.uid >= 0 && c.uid != os.Geteuid() {
		return fmt.Errorf("-u %s: only root can become another user: start as root, or leave -u out", userName)
	}
	if groupName != "" && c.gid != os.Getegid() {
		return fmt.Errorf("-g %s: only root can change the group: start as root, or leave -g out", groupName)
	}
	return nil
}

// Drop takes on the new identity, for good. It sets the supplementary groups, the group and then the user, because
// the user may not be allowed to set the others. Without cgo the Go runtime makes these calls on all threads.
func (c *Credentials) Drop() error {
	if os.Geteuid() != 0 {
		return nil
	}
	if c.gid >= 0 {
		if err := syscall.Setgroups(c.groups); err != nil {
			return fmt.Errorf("cannot set the groups %v: %w: start as root, or leave -u and -g out", c.groups, err)
		}
		if err := syscall.Setgid(c.gid); err != nil {
			return fmt.Errorf("cannot become group %d: %w: start as root, or leave -g out", c.gid, err)
		}
	}
	if c.uid >= 0 {
		if err := syscall.Setuid(c.uid); err != nil {
			return fmt.Errorf("cannot become user %d: %w: start as root, or leave -u out", c.uid, err)
		}
	}
	return nil
}

// StaysRoot reports whether the process is root although nobody asked for root by name.
func (c *Credentials) StaysRoot() bool { return os.Geteuid() == 0 && c.uid < 0 }
