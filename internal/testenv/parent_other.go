//go:build unix && !linux

package testenv

import "syscall"

// dieWithParent does nothing on systems that have no such feature.
func dieWithParent(*syscall.SysProcAttr) {}
