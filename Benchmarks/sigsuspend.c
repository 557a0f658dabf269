// For programs under valgrind 3.19, which writes into the mask of sigsuspend: libdispatch gives it a constant one, and
// valgrind then dies of it. Preloaded, this gives it a copy.
#define _GNU_SOURCE
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

int sigsuspend(const sigset_t *mask) {
  sigset_t copy = *mask;
  return (int)syscall(SYS_rt_sigsuspend, &copy, _NSIG / 8);
}
