/* The process that watches readers and tells the broker: what its two kinds share. */
#ifndef BSRE_TOKEND_MONITOR_H
#define BSRE_TOKEND_MONITOR_H
#include "lib/err.h"
#include "reader.h"
#include "wire/events.h"

/* Each sends one event; the process ends where the broker is gone. */
void tell_reader(struct ReaderState_in *state);
void tell_gone(const char *reader);
void tell_service(bool up);
void tell_scan_done(void);		/* only the first time */

/* Waits until it may be worth to connect to the socket at `path` again: at once when something appears
 * in its folder, else where it exists after 0.2 s, later 5 s. attempt: how often it failed, from 0. */
void monitor_wait(const char *path, unsigned attempt);

/* Waits for fd to be readable. The process ends where the broker is gone. */
void monitor_wait_fd(int fd);

/* The two kinds. They do not come back. */
_Noreturn void monitor_pcsc(void);
_Noreturn void monitor_vtoken(const char *path);
#endif
