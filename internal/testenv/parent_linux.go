package testenv

import "syscall"

// dieWithParent makes the kernel kill the child if this process ends without Close, as it
// does when a test times out.
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }
