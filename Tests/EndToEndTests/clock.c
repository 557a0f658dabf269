// Preloaded into a process: its wall clock runs ahead of the machine's by the seconds in the file $CLOCK_AHEAD, an
// int64 that may change at any moment, as when somebody sets the clock. Everything else stays true: monotonic clocks, timers,
// time stamps of files. (libfaketime also bends timerfd and condition variables, at which Swift's sleeping tasks hang.)
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *ahead;

__attribute__((constructor)) static void begin(void) {
  int file = open(getenv("CLOCK_AHEAD"), O_RDONLY | O_CLOEXEC);
  void *page = mmap(NULL, sizeof *ahead, PROT_READ, MAP_SHARED, file, 0);
  if (page == MAP_FAILED) abort();
  close(file);
  ahead = page;
}

int clock_gettime(clockid_t clock, struct timespec *found) {
  int outcome = (int)syscall(SYS_clock_gettime, clock, found);
  if (ahead && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) found->tv_sec += *ahead;
  return outcome;
}

int gettimeofday(struct timeval *restrict found, void *restrict zone) {
  struct timespec now;
  int outcome = clock_gettime(CLOCK_REALTIME, &now);
  found->tv_sec = now.tv_sec;
  found->tv_usec = now.tv_nsec / 1000;
  return outcome;
}

time_t time(time_t *found) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (found) *found = now.tv_sec;
  return now.tv_sec;
}
