package testenv

import "syscall"

// dieWithParent ends the child if this process dies without Close, as it does
// when a test times out.
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }
